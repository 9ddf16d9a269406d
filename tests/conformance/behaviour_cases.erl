%% SPDX-License-Identifier: Apache-2.0
%% Booted.
%% OTP's behaviours in full: requests and their collections, status and reports as text, callbacks that fail, code changes, supervisors' strategies, sys, proc_lib.
-module(behaviour_cases).
-compile([export_all, nowarn_export_all, nowarn_deprecated_function]).
-import(conformance, [id/1, plain/1, message/1, frames/2, flush/0, take/0, down/1]).
-define(C(X), r_(fun() -> X end)).

%% A value, or the exception with two of its frames and what error_info has OTP say of it.
r_(F) ->
    try pl_(F())
    catch C:R:S -> {C, pl_(R), pl_(lists:sublist(frames(S, ?MODULE), 2)), plain(message({R, S}))}
    end.
%% As plain, and without the stack of an error within.
pl_([{M, F, A, L} | _]) when is_atom(M), is_atom(F), is_list(L), is_list(A) orelse is_integer(A) -> {stack, M, F, if is_integer(A) -> A; true -> length(A) end};
pl_([H | T]) -> [pl_(H) | pl_(T)];
pl_(T) when is_tuple(T) -> list_to_tuple([pl_(E) || E <- tuple_to_list(T)]);
pl_(M) when is_map(M) -> maps:map(fun(_, V) -> pl_(V) end, M);
pl_(X) -> plain(X).
%% A report as text, with what two runs could differ in hidden.
text_(T) ->
    try re:replace(re:replace(unicode:characters_to_binary(T), "<\\d+\\.\\d+\\.\\d+>", "PID", [global, {return, binary}]), "(#Ref|#Fun|#Port)<[^>]*>", "X", [global, {return, binary}])
    catch _:_ -> plain(T) end.
%% What the case started ends with it.
trap_(F) ->
    process_flag(trap_exit, true),
    try F()
    after
        Me = self(),
        [begin unlink(P), exit(P, kill) end || P <- processes(), {dictionary, D} <- [process_info(P, dictionary)], lists:member(Me, proplists:get_value('$ancestors', D, []))]
    end.
%% The value of a fun, and what it and those whom it starts print.
said_(F) -> {R, T} = conformance:printed(F), {R, text_(T)}.
gone_(P) -> down(P), gone.
exit_() -> receive {'EXIT', _, R} -> pl_(R) after 5000 -> none end.
wait_(F) -> wait_(F, 2000).
wait_(F, 0) -> F();
wait_(F, N) -> case F() of true -> true; _ -> receive after 5 -> wait_(F, N - 1) end end.

%% One callback module for all behaviours; init's argument says which. A server does what it is asked as a fun.
init({server, S}) -> {ok, S};
init({do, F}) -> F();
init({statem, D}) -> {ok, idle, D};
init({event, S}) -> {ok, S};
init({event, S, hibernate}) -> {ok, S, hibernate};
init({{swapped, S}, Old}) -> {ok, {S, Old}};
init({{event, S}, _}) -> {ok, S};
init({fsm, D}) -> {ok, st, D};
init({fsm, D, T}) -> {ok, st, D, T};
init({sup, F, Cs}) -> {ok, {F, Cs}};
init(Bad) -> Bad.
handle_call({do, F}, From, S) -> F(From, S);
handle_call(get, _, S) -> {reply, S, S}.
handle_cast({do, F}, S) -> F(S).
handle_info({do, F}, S) -> F(S);
handle_info(X, S) -> {noreply, [X | S]}.
handle_continue(F, S) -> F(S).
terminate(_, {to, P}) -> P ! terminated;
terminate(R, {say, P}) -> P ! {terminated, R};
terminate(_, {crash, R}) -> error(R);
terminate(_, _) -> ok.
code_change(V, S, {error, R}) -> _ = {V, S}, {error, R};
code_change(V, S, X) -> {ok, {V, S, X}}.
format_status(M) -> maps:map(fun(state, _) -> hidden; (_, V) -> V end, M).
callback_mode() -> handle_event_function.
handle_event({call, _} = T, {do, F}, S, D) -> F(T, S, D);
handle_event(_, {do, F}, S, D) -> F(x, S, D);
handle_event({call, From}, get, S, D) -> {keep_state_and_data, [{reply, From, {S, D}}]};
handle_event(T, X, S, D) -> {next_state, S, [{T, X} | D]}.
code_change(V, S, D, X) -> {ok, {V, S}, {D, X}}.
terminate(_, _, {to, P}) -> P ! terminated;
terminate(_, _, _) -> ok.
handle_event({do, F}, S) -> F(S);
handle_event(X, S) -> {ok, [X | S]}.
handle_call(get, S) -> {ok, S, S};
handle_call({do, F}, S) -> F(S).
st({do, F}, D) -> F(D);
st(X, D) -> {next_state, st, [X | D]}.
st({do, F}, From, D) -> F(From, D);
st(get, _, D) -> {reply, {st, D}, st, D}.
handle_sync_event({do, F}, From, S, D) -> F(From, S, D);
handle_sync_event(get, _, S, D) -> {reply, {S, D}, S, D}.
handle_event(X, S, D) -> {next_state, S, [{all, X} | D]}.
handle_info(X, S, D) -> {next_state, S, [{info, X} | D]}.

server_(S) -> {ok, P} = gen_server:start(?MODULE, {server, S}, []), P.
statem_(D) -> {ok, P} = gen_statem:start(?MODULE, {statem, D}, []), P.
event_(Hs) -> {ok, P} = gen_event:start(), [ok = gen_event:add_handler(P, H, {event, S}) || {H, S} <- Hs], P.
stop_(P, R) -> exit(P, kill), down(P), flush(), R.

%% ---- gen_server
server_starts() -> trap_(fun() ->
    [begin R = ?C(F(?MODULE, {do, I}, [])), X = receive {'EXIT', _, E} -> pl_(E) after 0 -> none end, flush(), {R, X} end || F <- [fun gen_server:start/3, fun gen_server:start_monitor/3],
        I <- [fun() -> {ok, s} end, fun() -> {ok, s, infinity} end, fun() -> {ok, s, hibernate} end, fun() -> {stop, no} end, fun() -> ignore end, fun() -> {error, why} end, fun() -> bad end, fun() -> error(e) end, fun() -> exit(x) end, fun() -> throw({ok, thrown}) end, fun() -> throw(t) end, fun() -> {ok, s, -1} end, fun() -> {ok, s, foo} end, fun() -> {ok, s, {continue, fun(S) -> {noreply, S} end}} end]]
    ++ [?C(gen_server:start({local, bc_one}, ?MODULE, {server, 1}, [])), ?C(gen_server:start({local, bc_one}, ?MODULE, {server, 1}, [])), ?C(gen_server:start_link({local, bc_one}, ?MODULE, {server, 1}, [])), ?C(gen_server:start_monitor({local, bc_one}, ?MODULE, {server, 1}, [])), ?C(gen_server:stop(bc_one)), ?C(gen_server:stop(bc_one)), ?C(gen_server:stop(bc_one, normal, 1)), ?C(gen_server:start({global, bc_g}, ?MODULE, {server, g}, [])), ?C(gen_server:call({global, bc_g}, get)), ?C(gen_server:stop({global, bc_g})), ?C(gen_server:start({via, global, bc_v}, ?MODULE, {server, v}, [])), ?C(gen_server:call({via, global, bc_v}, get)), ?C(gen_server:cast({via, global, bc_v}, {do, fun(X) -> {noreply, X} end})), ?C(gen_server:stop({via, global, bc_v}, shutdown, 5000)),
        ?C(gen_server:start({locl, x}, ?MODULE, {server, 1}, [])), ?C(gen_server:start({local, "x"}, ?MODULE, {server, 1}, [])), ?C(gen_server:start(?MODULE, {server, 1}, foo)), ?C(gen_server:start("m", {server, 1}, [])), ?C(gen_server:start(no_such_m, 1, [])), ?C(gen_server:start(?MODULE, {server, 1}, [{timeout, 5000}, {spawn_opt, [{priority, low}]}, {debug, [log]}, {hibernate_after, 100}])), ?C(gen_server:start(?MODULE, {server, 1}, [{spawn_opt, [monitor]}])), ?C(gen_server:start(?MODULE, {do, fun() -> receive never -> {ok, s} end end}, [{timeout, 1}]))] end).
server_calls() -> trap_(fun() ->
    A = fun(F) -> P = server_(s), R = ?C(gen_server:call(P, {do, F})), S = case ?C(sys:get_state(P, 5000)) of {exit, _, _, _} -> ended; X -> X end, exit(P, kill), {R, S} end,
    [A(F) || F <- [fun(_, S) -> {reply, r, {new, S}} end, fun(Fr, S) -> gen_server:reply(Fr, early), {noreply, S} end, fun(_, S) -> {stop, normal, r, S} end, fun(_, S) -> {stop, {shutdown, z}, S} end, fun(_, _) -> bad end, fun(_, _) -> {reply, r} end, fun(_, _) -> error(e) end, fun(_, _) -> throw({reply, thrown, ns}) end, fun(_, _) -> exit(kill) end, fun(_, S) -> {reply, r, S, hibernate} end,
        fun(_, S) -> {reply, r, S, 100000} end, fun(_, S) -> {reply, r, S, {continue, fun(T) -> {noreply, {cont, T}} end}} end, fun(_, S) -> {reply, r, S, {continue, fun(T) -> {noreply, T, {continue, fun(U) -> {stop, normal, U} end}} end}} end, fun(_, S) -> {reply, r, S, -1} end, fun(_, S) -> {stop, r, S, x, y} end, fun(_, _) -> exit({shutdown, now}) end, fun(Fr, _) -> gen_server:reply(Fr, one), {stop, normal, {crash, t}} end, fun(_, _) -> {stop, normal, r, {crash, t}} end]] ++ [?C(gen_server:call(id(X), get)) || X <- [7, "x", {a, b, c}, no_such, {no_such, node()}, {global, none}, {via, no_such_m, n}, {no_such, 'x@nohost'}]]
    ++ [?C(gen_server:call(self(), get)), ?C(gen_server:call(self(), get, 5)), ?C(gen_server:call(server_(1), get, id(-1))), ?C(gen_server:call(server_(1), get, foo)), ?C(gen_server:cast(id(7), x)), ?C(gen_server:cast({a, b}, x)), ?C(gen_server:cast("x", y)), ?C(gen_server:reply(id(7), x)), ?C(gen_server:reply({id(7), make_ref()}, x)), ?C(gen_server:abcast(bc_none, x)), ?C(gen_server:abcast([], bc_none, x)), ?C(gen_server:multi_call(bc_none, x)), ?C(gen_server:multi_call([node()], bc_none, x, 100)), ?C(gen_server:multi_call([node()], bc_none, x, -1)), ?C(gen_server:stop(server_(1), why, 0) =/= x) =/= y, ?C(gen_server:stop(server_({crash, oops}))), ?C(gen_server:stop(self()))] end).
server_casts() -> trap_(fun() ->
    [begin {ok, P} = gen_server:start_link(?MODULE, {server, s}, []), W(P, {do, F}), {exit_()} end || W <- [fun gen_server:cast/2, fun erlang:send/2], F <- [fun(S) -> {stop, normal, S} end, fun(S) -> {stop, {shutdown, a}, S} end, fun(_) -> bad end, fun(_) -> error(e) end, fun(_) -> throw(bad) end, fun(_) -> exit(x) end, fun(S) -> {noreply, S, {continue, fun(T) -> {stop, via_continue, T} end}} end, fun(S) -> {reply, x, S} end, fun(_) -> throw({stop, thrown, {crash, t}}) end]] end).
server_requests() ->
    P = server_(7), R1 = gen_server:send_request(P, get), C0 = gen_server:reqids_new(), C1 = gen_server:reqids_add(gen_server:send_request(P, get), one, C0), C2 = gen_server:send_request(P, get, two, C1),
    A = [?C(gen_server:receive_response(R1, 5000)), gen_server:reqids_size(C2), [L || {_, L} <- lists:sort(gen_server:reqids_to_list(C2))], ?C(gen_server:reqids_size(C0))],
    {X1, L1, C3} = gen_server:receive_response(C2, 5000, true), {X2, L2, C4} = gen_server:wait_response(C3, {abs, erlang:monotonic_time(millisecond) + 5000}, true),
    B = [X1, X2, lists:sort([L1, L2]), gen_server:reqids_size(C4), ?C(gen_server:wait_response(C4, 0, true)), ?C(gen_server:receive_response(C4, 0, false)), ?C(gen_server:check_response(x, C4, true)), ?C(gen_server:check_response({foo, bar}, C2, false)), ?C(gen_server:check_response(foo, R1))],
    D = [?C(gen_server:wait_response(gen_server:send_request(P, {do, fun(_, S) -> {stop, asked, S} end}), 5000)), ?C(gen_server:receive_response(gen_server:send_request(P, get), 5000)), ?C(gen_server:receive_response(gen_server:send_request(self(), get), 0)), ?C(gen_server:wait_response(gen_server:send_request(self(), get), 0)), ?C(gen_server:send_request(id(7), get)), ?C(gen_server:wait_response(id(7), 1)), ?C(gen_server:wait_response(C0, id(x), true)), ?C(gen_server:reqids_add(R1, l, foo)), ?C(gen_server:reqids_size(foo)), ?C(gen_server:reqids_to_list(foo)), ?C(gen_server:reqids_add(foo, l, C0)), ?C(gen_server:send_request(P, get, l, foo)), ?C(gen_server:receive_response(R1, -1)), ?C(gen_server:receive_response(R1, foo)), ?C(gen_server:receive_response(C1, 0, foo))],
    flush(), {A, B, D}.
server_loops() ->
    L = fun(F) -> S = self(), {P, M} = spawn_monitor(fun() -> proc_lib:init_ack(S, ok), F() end), A = ?C(gen_server:call(P, get)), exit(P, kill), receive {'DOWN', M, _, _, R} -> {A, pl_(R)} after 5000 -> none end end,
    Q = fun(F) -> P = proc_lib:spawn(F), A = ?C(gen_server:call(P, get)), stop_(P, A) end,
    [L(fun() -> gen_server:enter_loop(?MODULE, [], s) end), Q(fun() -> gen_server:enter_loop(?MODULE, [], s, hibernate) end), Q(fun() -> gen_server:enter_loop(?MODULE, [], s, {continue, fun(S) -> {noreply, {c, S}} end}) end), Q(fun() -> register(bc_l, self()), gen_server:enter_loop(?MODULE, [], s, {local, bc_l}) end), Q(fun() -> register(bc_l, self()), gen_server:enter_loop(?MODULE, [], s, {local, bc_l}, infinity) end), Q(fun() -> gen_server:enter_loop(?MODULE, [], s, {local, bc_other}) end), Q(fun() -> gen_server:enter_loop(?MODULE, [], s, {local, bc_other}, 5) end), Q(fun() -> gen_server:enter_loop(?MODULE, [], s, 100000) end)].
server_status() ->
    P = server_({a, 1}), {status, _, {module, M}, [_, St, _, _, Misc]} = sys:get_status(P), A = {M, St, pl_([X || {data, _} = X <- Misc]), pl_(proplists:get_value(header, Misc)) =/= x},
    gen_server:stop(P),
    [A, ?C(gen_server:system_code_change([n, {server, s}, ?MODULE, x, y], ?MODULE, v, x)), ?C(gen_server:system_get_state([n, {s}, m, t, h])), ?C(gen_server:system_replace_state(fun(S) -> {S} end, [n, s, m, t, h])), ?C(gen_server:format_status(normal, [[{k, v}], running, self(), [], [n, s, ?MODULE, t, h]])),
     [text_(?C(gen_server:format_log(R#{label => L, name => n, last_message => m, state => s, log => [], reason => {bad, [{a, b, [c], [{file, "f.erl"}, {line, 3}]}]}, client_info => C}))) || {L, R} <- [{{gen_server, terminate}, #{}}, {{gen_server, terminate}, #{process_label => {l, 1}}}, {{gen_server, no_handle_info}, #{module => m, message => x}}], C <- [undefined, {self(), {clientname, [{a, b, 1, []}]}}, {self(), dead}, {self(), remote}]],
     text_(?C(gen_server:format_log(#{label => {gen_server, terminate}, name => n, last_message => m, state => s, log => [{in, x}], reason => r, client_info => undefined}, #{depth => 5, chars_limit => 200, single_line => true, encoding => utf8}))), ?C(gen_server:format_log(foo))].

%% ---- gen_statem
statem_starts() -> trap_(fun() ->
    [?C(F({do, I}, [])) || F <- [fun(A, O) -> gen_statem:start(?MODULE, A, O) end, fun(A, O) -> gen_statem:start_monitor(?MODULE, A, O) end], I <- [fun() -> {ok, a, d} end, fun() -> {ok, a, d, []} end, fun() -> {ok, a, d, {timeout, infinity, x}} end, fun() -> {ok, a, d, [foo]} end, fun() -> {stop, no} end, fun() -> stop end, fun() -> ignore end, fun() -> {error, why} end, fun() -> bad end, fun() -> error(e) end, fun() -> throw({ok, a, t}) end, fun() -> exit(x) end]]
    ++ [?C(gen_statem:start({local, bc_sm}, ?MODULE, {statem, d}, [])), ?C(gen_statem:start_link({local, bc_sm}, ?MODULE, {statem, d}, [])), ?C(gen_statem:start_monitor({local, bc_sm}, ?MODULE, {statem, d}, [])), ?C(gen_statem:call(bc_sm, get)), ?C(gen_statem:call(bc_sm, get, 5000)), ?C(gen_statem:call(bc_sm, get, {dirty_timeout, 5000})), ?C(gen_statem:call(bc_sm, get, {clean_timeout, 5000})), ?C(gen_statem:cast(bc_sm, x)), ?C(gen_statem:stop(bc_sm)), ?C(gen_statem:stop(bc_sm)), ?C(gen_statem:stop(bc_sm, normal, 10)), ?C(gen_statem:call(bc_sm, get)), ?C(gen_statem:cast(bc_sm, get)), ?C(gen_statem:call(self(), get, 1)), ?C(gen_statem:call(id(7), get)), ?C(gen_statem:cast(id(7), x)), ?C(gen_statem:call(statem_(d), get, foo)), ?C(gen_statem:start(no_such_m, x, [])), ?C(gen_statem:start(?MODULE, {statem, x}, foo)), ?C(gen_statem:reply(id(7), x))] end).
statem_answers() -> trap_(fun() ->
    [begin P = statem_(d), R = ?C(gen_statem:call(P, {do, F})), S = ?C(sys:get_state(P, 5000)), exit(P, kill), {R, case S of {exit, _, _, _} -> ended; _ -> S end} end || F <- [fun({call, Fr}, S, D) -> {next_state, S, D, [{reply, Fr, r}]} end, fun({call, Fr}, _, D) -> {next_state, b, D, {reply, Fr, r}} end, fun({call, Fr}, _, _) -> {keep_state, new, [{reply, Fr, r}]} end, fun({call, Fr}, _, _) -> gen_statem:reply(Fr, direct), keep_state_and_data end, fun({call, Fr}, _, _) -> gen_statem:reply([{reply, Fr, listed}]), keep_state_and_data end, fun({call, Fr}, _, D) -> {repeat_state, D, [{reply, Fr, r}]} end, fun({call, Fr}, _, _) -> {repeat_state_and_data, [{reply, Fr, r}]} end, fun(_, _, _) -> stop end, fun(_, _, _) -> {stop, why} end, fun(_, _, D) -> {stop, why, D} end,
        fun({call, Fr}, _, _) -> {stop_and_reply, why, [{reply, Fr, r}]} end, fun({call, Fr}, _, D) -> {stop_and_reply, why, [{reply, Fr, r}], D} end, fun(_, _, _) -> bad end, fun(_, _, D) -> {next_state, b, D, [foo]} end, fun(_, _, _) -> error(e) end, fun({call, Fr}, _, D) -> throw({next_state, thrown, D, [{reply, Fr, t}]}) end, fun(_, _, _) -> exit(x) end, fun({call, Fr}, _, _) -> {keep_state_and_data, [{reply, Fr, r}, {next_event, info, one}, {next_event, cast, two}]} end, fun({call, Fr}, _, _) -> {keep_state_and_data, [hibernate, {reply, Fr, r}]} end,
        fun({call, Fr}, _, _) -> {keep_state_and_data, [{state_timeout, 0, x}, {reply, Fr, r}]} end, fun({call, Fr}, _, _) -> {keep_state_and_data, [{{timeout, n}, 0, x}, {reply, Fr, r}]} end, fun({call, Fr}, _, _) -> {keep_state_and_data, [{timeout, 0, x}, {reply, Fr, r}]} end, fun({call, Fr}, _, _) -> {keep_state_and_data, [{{timeout, n}, 100000, x}, {{timeout, n}, update, y}, {{timeout, n}, cancel}, {reply, Fr, r}]} end, fun(_, _, _) -> {keep_state_and_data, [{timeout, -1, x}]} end, fun(_, _, _) -> {keep_state_and_data, [{reply, x, r}]} end, fun({call, Fr}, _, _) -> {keep_state_and_data, [{change_callback_module, ?MODULE}, {reply, Fr, r}]} end, fun({call, Fr}, _, _) -> {keep_state_and_data, [{push_callback_module, ?MODULE}, pop_callback_module, {reply, Fr, r}]} end, fun(_, _, _) -> {keep_state_and_data, [pop_callback_module]} end, fun(_, _, _) -> {keep_state_and_data, [{change_callback_module, no_such_m}]} end]] end).
statem_requests() ->
    P = statem_(d), R1 = gen_statem:send_request(P, get), C1 = gen_statem:reqids_add(gen_statem:send_request(P, get), one, gen_statem:reqids_new()), C2 = gen_statem:send_request(P, get, two, C1),
    A = [?C(gen_statem:receive_response(R1)), gen_statem:reqids_size(C2), [L || {_, L} <- lists:sort(gen_statem:reqids_to_list(C2))]], {X1, L1, C3} = gen_statem:receive_response(C2, 5000, true), {X2, L2, C4} = gen_statem:wait_response(C3, 5000, true), R2 = gen_statem:send_request(P, get),
    B = [X1, X2, lists:sort([L1, L2]), gen_statem:reqids_size(C4), ?C(gen_statem:wait_response(R2)), ?C(gen_statem:wait_response(C4, 0, false)), ?C(gen_statem:check_response(x, R1)), ?C(gen_statem:check_response(x, C2, true)), ?C(gen_statem:receive_response(gen_statem:send_request(P, get), 5000)), begin R3 = gen_statem:send_request(P, get), receive M -> ?C(gen_statem:check_response(M, R3)) end end, ?C(gen_statem:wait_response(gen_statem:send_request(self(), get), 0)), ?C(gen_statem:reqids_size(x)), ?C(gen_statem:send_request(id(7), x)), ?C(gen_statem:wait_response(x, 1))],
    stop_(P, {A, B}).
statem_loops() ->
    Q = fun(F) -> P = proc_lib:spawn(F), A = ?C(gen_statem:call(P, get)), stop_(P, A) end,
    [Q(fun() -> gen_statem:enter_loop(?MODULE, [], s, d) end), Q(fun() -> gen_statem:enter_loop(?MODULE, [], s, d, [{next_event, cast, x}]) end), Q(fun() -> register(bc_sl, self()), gen_statem:enter_loop(?MODULE, [], s, d, {local, bc_sl}) end), Q(fun() -> register(bc_sl, self()), gen_statem:enter_loop(?MODULE, [], s, d, {local, bc_sl}, [hibernate]) end), Q(fun() -> gen_statem:enter_loop(?MODULE, [], s, d, {local, bc_nope}) end),
     begin P = statem_(d), R = [?C(sys:replace_state(P, fun({S, D}) -> {{S}, {D}} end)), ?C(sys:get_state(P)), sys:suspend(P), ?C(sys:change_code(P, ?MODULE, v, x)), sys:resume(P), ?C(sys:get_state(P)), element(1, ?C(sys:get_status(P)))], stop_(P, R) end].
statem_texts() ->
    [[text_(?C(gen_statem:format_log(R#{label => {gen_statem, terminate}, name => n, queue => [{{call, {self(), x}}, q}, {info, i}], postponed => [{cast, c}], modules => [m], callback_mode => CM, state_enter => true, state => {s, d}, timeouts => {1, [{t, x}]}, log => [l], reason => {error, bad, [{a, b, 1, []}]}, client_info => undefined}))) || {CM, R} <- [{state_functions, #{}}, {handle_event_function, #{process_label => l}}]],
     text_(?C(gen_statem:format_log(#{label => {gen_statem, terminate}, name => n, queue => [], postponed => [], modules => [m], callback_mode => state_functions, state_enter => false, state => s, timeouts => {0, []}, log => [], reason => {exit, r, []}, client_info => undefined}, #{single_line => true, depth => 9}))), ?C(gen_statem:format_status(terminate, [[], x])), ?C(gen_statem:format_log(foo)), ?C(gen_statem:system_get_state(foo))].

%% ---- gen_event
event_starts() -> trap_(fun() ->
    [?C(gen_event:start([])), ?C(gen_event:start({local, bc_e})), ?C(gen_event:start({local, bc_e}, [])), ?C(gen_event:start_link({local, bc_e})), ?C(gen_event:start_link({local, bc_e}, [{timeout, 5000}])), ?C(gen_event:start_monitor({local, bc_e})), ?C(gen_event:stop(bc_e)), ?C(gen_event:stop(bc_e)), ?C(gen_event:stop(bc_e, normal, 5)), ?C(gen_event:start_monitor()), ?C(gen_event:start_monitor([])), ?C(gen_event:start_monitor({local, bc_em}, [])), ?C(gen_event:stop(bc_em, asked, 5000)), ?C(gen_event:start_link([])), ?C(gen_event:start({locl, x})), ?C(gen_event:start(foo)), ?C(gen_event:notify(bc_none, x)), ?C(gen_event:sync_notify(bc_none, x)), ?C(gen_event:call(bc_none, h, x)), ?C(gen_event:which_handlers(bc_none)), ?C(gen_event:add_handler(bc_none, h, x)), ?C(gen_event:notify(id(7), x))] end).
event_handlers() -> trap_(fun() ->
    P = event_([{?MODULE, [a]}, {{?MODULE, 2}, [b]}]), D = fun(F) -> gen_event:sync_notify(P, {do, F}), {gen_event:which_handlers(P), flush_()} end,
    R = [?C(gen_event:call(P, ?MODULE, get)), ?C(gen_event:call(P, {?MODULE, 2}, get, 5000)), ?C(gen_event:call(P, nope, get)), ?C(gen_event:call(P, ?MODULE, {do, fun(S) -> {swap_handler, swapped, term, S, {?MODULE, 3}, {swapped, x}} end})), ?C(gen_event:call(P, {?MODULE, 3}, get)), ?C(gen_event:call(P, {?MODULE, 3}, {do, fun(_) -> {remove_handler, gone} end})), ?C(gen_event:which_handlers(P)), ?C(gen_event:call(P, {?MODULE, 2}, {do, fun(_) -> error(e) end})), ?C(gen_event:which_handlers(P)), ?C(gen_event:add_sup_handler(P, ?MODULE, {event, [s]})), ?C(gen_event:add_sup_handler(P, ?MODULE, {event, [s]})), D(fun(_) -> remove_handler end), ?C(gen_event:add_sup_handler(P, ?MODULE, {event, [s]})), D(fun(_) -> error(crash) end), ?C(gen_event:add_sup_handler(P, ?MODULE, {event, [s]})), D(fun(_) -> bad end), ?C(gen_event:add_sup_handler(P, ?MODULE, {event, [s], hibernate})), D(fun(_) -> throw({ok, [thrown]}) end),
        ?C(gen_event:call(P, ?MODULE, get)), ?C(gen_event:swap_handler(P, {?MODULE, tm}, {?MODULE, {swapped, 1}})), ?C(gen_event:swap_sup_handler(P, {nope, tm}, {{?MODULE, 5}, {swapped, 2}})), ?C(gen_event:call(P, ?MODULE, get)), ?C(gen_event:which_handlers(P)), ?C(gen_event:delete_handler(P, ?MODULE, bye)), ?C(gen_event:delete_handler(P, nope, bye)), flush_(), ?C(gen_event:add_handler(P, ?MODULE, {do, fun() -> {error, no} end})), ?C(gen_event:add_handler(P, ?MODULE, {do, fun() -> error(e) end})), ?C(gen_event:add_handler(P, ?MODULE, other)), ?C(gen_event:add_handler(P, no_such_m, x)), ?C(gen_event:add_handler(P, {?MODULE, 5}, {event, a})), ?C(gen_event:which_handlers(P))],
    stop_(P, R) end).
flush_() -> receive {gen_event_EXIT, H, R} -> [{H, pl_(R)} | flush_()] after 0 -> [] end.
event_requests() ->
    P = event_([{?MODULE, [a]}]), R1 = gen_event:send_request(P, ?MODULE, get), C1 = gen_event:reqids_add(gen_event:send_request(P, ?MODULE, get), one, gen_event:reqids_new()), C2 = gen_event:send_request(P, nope, get, two, C1),
    A = [?C(gen_event:receive_response(R1, 5000)), gen_event:reqids_size(C2), [L || {_, L} <- lists:sort(gen_event:reqids_to_list(C2))]], {X1, L1, C3} = gen_event:receive_response(C2, 5000, true), {X2, L2, C4} = gen_event:wait_response(C3, 5000, true),
    B = [X1, X2, lists:sort([L1, L2]), gen_event:reqids_size(C4), ?C(gen_event:wait_response(C4, 0, true)), ?C(gen_event:check_response(x, R1)), ?C(gen_event:check_response(x, C2, true)), ?C(gen_event:wait_response(gen_event:send_request(P, ?MODULE, get), 5000)), ?C(gen_event:wait_response(gen_event:send_request(self(), ?MODULE, get), 0)), ?C(gen_event:reqids_size(x))],
    stop_(P, {A, B}).
event_status() ->
    P = event_([{?MODULE, [a]}, {{?MODULE, x}, [b]}]), R = [?C(sys:get_state(P)), ?C(sys:replace_state(P, fun({M, I, S}) -> {M, I, [more | S]} end)), ?C(sys:suspend(P)), ?C(sys:change_code(P, ?MODULE, v, extra)), ?C(sys:resume(P)), ?C(gen_event:which_handlers(P)), element(1, ?C(sys:get_status(P)))],
    stop_(P, [R, [text_(?C(gen_event:format_log(Rep#{label => L, handler => {h, 1}, name => n, last_message => m, state => s, reason => Re}))) || {L, Rep} <- [{{gen_event, terminate}, #{}}, {{gen_event, terminate}, #{process_label => l}}, {{gen_event, no_handle_info}, #{module => m, message => x}}], Re <- [{'EXIT', {bad, [{a, b, 1, []}]}}, r]], text_(?C(gen_event:format_log(#{label => {gen_event, terminate}, handler => h, name => n, last_message => m, state => s, reason => r}, #{single_line => true}))), ?C(gen_event:format_log(x)), ?C(gen_event:format_status(normal, [[], running, self(), [], [n, [], x, false]]))]).

%% ---- gen_fsm
fsm() -> trap_(fun() ->
    {ok, P} = gen_fsm:start(?MODULE, {fsm, []}, []), {ok, _} = gen_fsm:start({local, bc_f}, ?MODULE, {fsm, [], 100000}, []), {ok, Q} = gen_fsm:start_link({local, bc_f2}, ?MODULE, {fsm, []}, []), S = self(),
    R = [?C(gen_fsm:send_event(P, a)), ?C(gen_fsm:send_all_state_event(P, b)), ?C(gen_fsm:sync_send_event(P, get)), ?C(gen_fsm:sync_send_event(P, get, 5000)), ?C(gen_fsm:sync_send_all_state_event(P, get)), ?C(gen_fsm:sync_send_all_state_event(P, get, 5000)), ?C(gen_fsm:sync_send_event(P, {do, fun(F, D) -> gen_fsm:reply(F, replied), {next_state, st, D} end})), ?C(gen_fsm:sync_send_event(P, {do, fun(_, D) -> T = gen_fsm:start_timer(0, tm), S ! gen_fsm:cancel_timer(T), gen_fsm:send_event_after(100000, x), {reply, ok, st, D} end})) , is_integer(take()) orelse true, ?C(gen_fsm:start({local, bc_f}, ?MODULE, {fsm, []}, [])), ?C(sys:get_state(bc_f)), ?C(sys:replace_state(bc_f, fun({A, D}) -> {A, {D}} end)), ?C(gen_fsm:stop(bc_f)), ?C(gen_fsm:stop(bc_f)), ?C(gen_fsm:stop(bc_f2, why, 5000)), exit_(), is_pid(Q),
        ?C(gen_fsm:sync_send_event(P, {do, fun(_, D) -> {stop, asked, bye, D} end})), gone_(P), ?C(gen_fsm:sync_send_event(P, x)), ?C(gen_fsm:sync_send_all_state_event(bc_none, x)), ?C(gen_fsm:send_event(bc_none, x)), ?C(gen_fsm:cancel_timer(make_ref())), ?C(gen_fsm:start(?MODULE, bad, [])), ?C(gen_fsm:start(?MODULE, {do, fun() -> {stop, no} end}, [])), ?C(gen_fsm:start(?MODULE, {do, fun() -> ignore end}, [])), ?C(gen_fsm:start_link(?MODULE, {do, fun() -> error(e) end}, []))],
    L = fun(F) -> W = proc_lib:spawn(F), stop_(W, ?C(gen_fsm:sync_send_all_state_event(W, get))) end,
    [R, L(fun() -> gen_fsm:enter_loop(?MODULE, [], st, d) end), L(fun() -> gen_fsm:enter_loop(?MODULE, [], st, d, 100000) end), L(fun() -> register(bc_fl, self()), gen_fsm:enter_loop(?MODULE, [], st, d, {local, bc_fl}) end), L(fun() -> register(bc_fl, self()), gen_fsm:enter_loop(?MODULE, [], st, d, {local, bc_fl}, infinity) end), text_(?C(gen_fsm:format_log(#{label => {gen_fsm, terminate}, name => n, last_message => {'$gen_event', x}, state_name => s, state_data => d, log => [], reason => r, client_info => undefined}))), text_(?C(gen_fsm:format_log(#{label => {gen_fsm, no_handle_info}, module => m, message => x}, #{single_line => true}))), ?C(gen_fsm:format_status(normal, [[], running, self(), [], [n, s, d, ?MODULE, t]]))] end).

%% ---- supervisor
sup_(F, Cs) -> {ok, P} = supervisor:start_link(?MODULE, {sup, F, Cs}), P.
child_(Id) -> child_(Id, #{}).
child_(Id, M) -> maps:merge(#{id => Id, start => {gen_server, start_link, [?MODULE, {server, Id}, []]}}, M).
pids_(S) -> maps:from_list([{I, P} || {I, P, _, _} <- supervisor:which_children(S)]).
%% Kills one child and says which of the others are new then.
kills_(Strategy, Type) ->
    S = sup_(#{strategy => Strategy, intensity => 5, period => 100}, [child_(I, Type) || I <- [a, b, c]]), Old = pids_(S), exit(maps:get(b, Old), kill),
    true = wait_(fun() -> N = pids_(S), maps:get(b, N, none) =/= maps:get(b, Old) andalso lists:all(fun(P) -> is_pid(P) orelse P =:= undefined end, maps:values(N)) end), N = pids_(S),
    R = [{I, case N of #{I := P} -> {is_pid(P), P =:= maps:get(I, Old)}; _ -> gone end} || I <- [a, b, c]], C = supervisor:count_children(S), unlink(S), exit(S, shutdown), down(S), {R, C}.
sup_strategies() -> trap_(fun() -> [kills_(S, T) || S <- [one_for_one, one_for_all, rest_for_one], T <- [#{}, #{restart => transient}, #{restart => temporary}]] end).
sup_calls() -> trap_(fun() ->
    S = sup_(#{}, [child_(a), child_(b, #{restart => temporary, type => worker, modules => dynamic, shutdown => brutal_kill})]), W = fun() -> [{I, is_pid(P) orelse P, T, M} || {I, P, T, M} <- supervisor:which_children(S)] end,
    R = [W(), ?C(supervisor:count_children(S)), ?C(supervisor:get_childspec(S, a)), ?C(supervisor:get_childspec(S, z)), ?C(supervisor:start_child(S, child_(a))), ?C(supervisor:terminate_child(S, a)), ?C(supervisor:start_child(S, child_(a))), W(), ?C(supervisor:restart_child(S, a)), ?C(supervisor:restart_child(S, a)), ?C(supervisor:delete_child(S, a)), ?C(supervisor:terminate_child(S, a)), ?C(supervisor:delete_child(S, a)), ?C(supervisor:delete_child(S, a)), ?C(supervisor:restart_child(S, a)), ?C(supervisor:terminate_child(S, a)), ?C(supervisor:terminate_child(S, b)), W(), ?C(supervisor:get_callback_module(S)),
        [?C(supervisor:start_child(S, X)) || X <- [#{id => n, start => {no_such_m, f, []}}, #{id => i, start => {gen_server, start_link, [?MODULE, ignore, []]}}, #{id => e, start => {gen_server, start_link, [?MODULE, {stop, no}, []]}}, #{id => x, start => {erlang, error, [e]}}, #{id => y, start => {erlang, hd, [[bad]]}}, #{id => q}, #{id => q, start => foo}, #{id => q, start => {a, b, c}}, #{id => q, start => {a, b, []}, restart => r}, #{id => q, start => {a, b, []}, shutdown => -1}, #{id => q, start => {a, b, []}, type => t}, #{id => q, start => {a, b, []}, modules => "m"}, #{id => q, start => {a, b, []}, significant => true}, {q, {a, b, []}, permanent, 1, worker, [a]}, {q, {gen_event, start_link, []}, temporary, 1000, worker, [gen_event]}, foo, #{start => {a, b, []}}, #{id => q, start => {a, b, []}, foo => 1}]], W(), ?C(supervisor:which_children(bc_none)), ?C(supervisor:count_children(id(7))), ?C(supervisor:start_child(S, [])), ?C(supervisor:terminate_child(S, self())),
        [?C(supervisor:check_childspecs(X)) || X <- [[child_(a), child_(a)], [child_(a)], foo, [foo], [#{id => a}]]], [?C(supervisor:check_childspecs([child_(a, #{significant => true, restart => transient})], X)) || X <- [undefined, any_significant, all_significant, never, foo]], ?C(supervisor:which_child(S, q)), ?C(supervisor:which_child(S, zz)), (catch supervisor:stop(S)) =/= x, catch gen_server:stop(S), exit_(), ?C(supervisor:stop(S, normal, 5)), ?C(supervisor:stop(bc_none, why, 5))],
    R end).
sup_starts() -> trap_(fun() ->
    [begin R = ?C(supervisor:start_link(?MODULE, X)), E = receive {'EXIT', _, Y} -> pl_(Y) after 0 -> none end, flush(), {R, E} end || X <- [ignore, bad, {ok, bad}, {ok, {#{strategy => s}, []}}, {ok, {#{intensity => -1}, []}}, {ok, {#{period => 0}, []}}, {ok, {#{auto_shutdown => x}, []}}, {ok, {{one_for_one, 1, 5}, []}}, {ok, {{one_for_one, 1}, []}}, {ok, {#{}, foo}}, {ok, {#{}, [foo]}}, {ok, {#{strategy => simple_one_for_one}, []}}, {ok, {#{strategy => simple_one_for_one}, [child_(a), child_(b)]}}, {ok, {#{}, [child_(a), #{id => b, start => {gen_server, start_link, [?MODULE, {stop, no}, []]}}]}}, {ok, {#{}, [child_(a), child_(a)]}}, {ok, {#{strategy => simple_one_for_one, auto_shutdown => any_significant}, [child_(a)]}}]]
    ++ [?C(supervisor:start_link({local, bc_sup}, ?MODULE, {sup, #{}, []})), ?C(supervisor:start_link({local, bc_sup}, ?MODULE, {sup, #{}, []})), ?C(supervisor:start_link(no_such_m, x)), ?C(supervisor:stop(bc_sup))] end).
sup_simple() -> trap_(fun() ->
    S = sup_(#{strategy => simple_one_for_one}, [child_(x, #{start => {gen_server, start_link, [?MODULE]}, restart => temporary})]), {ok, A} = supervisor:start_child(S, [{server, 1}, []]), {ok, B} = supervisor:start_child(S, [{server, 2}, []]),
    R = [?C(supervisor:start_child(S, [{stop, no}, []])), ?C(supervisor:start_child(S, [ignore, []])), ?C(supervisor:start_child(S, [])), ?C(supervisor:start_child(S, foo)), ?C(supervisor:which_children(S)), ?C(supervisor:count_children(S)), ?C(supervisor:terminate_child(S, A)), down(A), ?C(supervisor:terminate_child(S, x)), ?C(supervisor:delete_child(S, x)), ?C(supervisor:restart_child(S, x)), ?C(supervisor:get_childspec(S, x)), ?C(supervisor:get_childspec(S, B)), ?C(supervisor:terminate_child(S, A)), ?C(supervisor:count_children(S))],
    exit(B, kill), down(B), true = wait_(fun() -> supervisor:which_children(S) =:= [] end), gen_server:stop(S), R end).
sup_intensity() -> trap_(fun() ->
    S = sup_(#{intensity => 1, period => 1000}, [child_(a)]), K = fun(Old) -> exit(Old, kill), wait_(fun() -> case catch pids_(S) of #{a := P} when is_pid(P), P =/= Old -> true; {'EXIT', _} -> true; _ -> false end end) end, #{a := P1} = pids_(S), K(P1), #{a := P2} = pids_(S), M = monitor(process, S), exit(P2, kill), R = receive {'DOWN', M, _, _, X} -> X after 5000 -> none end,
    S2 = sup_(#{auto_shutdown => any_significant}, [child_(a, #{significant => true, restart => transient}), child_(b)]), M2 = monitor(process, S2), #{a := P3} = pids_(S2), gen_server:stop(P3), R2 = receive {'DOWN', M2, _, _, X2} -> X2 after 5000 -> none end,
    S3 = sup_(#{auto_shutdown => all_significant}, [child_(a, #{significant => true, restart => temporary}), child_(b, #{significant => true, restart => transient})]), M3 = monitor(process, S3), #{a := P4, b := P5} = pids_(S3), gen_server:stop(P4), gen_server:stop(P5), R3 = receive {'DOWN', M3, _, _, X3} -> X3 after 5000 -> none end,
    [R, R2, R3] end).
sup_shutdown() -> trap_(fun() ->
    Me = self(), G = fun(I) -> #{id => I, start => {gen_server, start_link, [?MODULE, {do, fun() -> process_flag(trap_exit, true), {ok, {say, Me}} end}, []]}} end, S = sup_(#{}, [G(1), G(2), (G(3))#{shutdown => brutal_kill}, (G(4))#{shutdown => infinity}]), gen_server:stop(S), [take(), take(), take(), receive X -> pl_(X) after 0 -> none end] end).
sup_texts() -> [[text_(?C(supervisor:format_log(#{label => {supervisor, L}, report => R}))) || {L, R} <- [{progress, [{supervisor, {local, s}}, {started, [{id, a}, {mfargs, {m, f, [1]}}]}]}, {child_terminated, [{supervisor, s}, {errorContext, child_terminated}, {reason, killed}, {offender, [{pid, p}, {id, a}]}]}, {shutdown_error, [{supervisor, s}, {errorContext, shutdown_error}, {reason, {a, b}}, {offender, [{id, a}, {mod, m}]}]}, {start_error, [{supervisor, s}, {errorContext, start_error}, {reason, r}, {offender, [{nb_children, 3}, {id, a}]}]}]],
    text_(?C(supervisor:format_log(#{label => {supervisor, progress}, report => [{supervisor, s}, {started, [{pid, p}]}]}, #{single_line => true, depth => 5}))), text_(?C(supervisor_bridge:format_log(#{label => {supervisor_bridge, progress}, report => [{supervisor, s}, {started, [{pid, p}]}]}))), text_(?C(supervisor_bridge:format_log(#{label => {supervisor_bridge, e}, report => [{supervisor, s}, {errorContext, e}, {reason, r}, {offender, [{pid, p}]}]}, #{single_line => true}))), ?C(supervisor:format_log(x))].

%% ---- sys
sys_prints() -> said_(fun() -> P = server_([]), R = [?C(sys:trace(P, true)), gen_server:call(P, get), P ! x, ?C(sys:get_state(P)), ?C(sys:trace(P, false)), ?C(sys:log(P, true)), P ! y, ?C(sys:log(P, print)), ?C(sys:debug_options([no_debug, {log_to_file, "/no/such/f"}, foo])), ?C(sys:print_log(sys:debug_options([])))], stop_(P, R) end).
sys_messages() -> trap_(fun() ->
    P = server_([]), F = fun(St, M, X) -> St ! {seen, M, X}, St end, Me = self(),
    R = [?C(sys:install(P, {F, Me})), ?C(sys:install(P, {mine, F, Me}, 5000)), gen_server:cast(P, {do, fun(S) -> {noreply, S} end}), element(1, take()), element(1, take()), ?C(sys:remove(P, F)), ?C(sys:remove(P, mine, 5000)), ?C(sys:log(P, {true, 3}, 5000)), P ! hello, ?C(sys:get_state(P, 5000)), [pl_(E) || E <- element(2, ?C(sys:log(P, get)))] =/= [], ?C(sys:log(P, false)), ?C(sys:statistics(P, true, 5000)), [K || {K, _} <- element(2, ?C(sys:statistics(P, get, 5000)))], ?C(sys:statistics(P, false)), ?C(sys:statistics(P, get)), ?C(sys:trace(P, false, 5000)), ?C(sys:suspend(P, 5000)), ?C(sys:suspend(P)), ?C(gen_server:call(P, get, 5)), element(1, ?C(sys:get_status(P, 5000))), ?C(sys:change_code(P, ?MODULE, v1, extra, 5000)), ?C(sys:change_code(P, ?MODULE, v1, {error, no})), ?C(sys:resume(P, 5000)), ?C(sys:change_code(P, ?MODULE, v1, extra)), ?C(sys:replace_state(P, fun(S) -> {S} end, 5000)), ?C(sys:replace_state(P, fun(_) -> error(bad) end)), ?C(sys:get_state(P)), ?C(sys:no_debug(P, 5000)),
        ?C(sys:log(P, foo)), ?C(sys:log(P, {true, 0})), ?C(sys:install(P, foo)), ?C(sys:get_state(bc_none)), ?C(sys:get_state(self(), 1)), ?C(sys:get_state(id(7))), ?C(sys:suspend(bc_none, 5)), ?C(sys:terminate(P, asked)), ?C(sys:terminate(bc_none, asked, 5)), gone_(P), ?C(sys:get_status(P))], R end).
sys_files() -> D = filename:join("/tmp", "beamr_behaviour_" ++ os:getpid()), P = server_([]), R = [?C(sys:log_to_file(P, D)), gen_server:call(P, get), P ! note, ?C(sys:get_state(P)), ?C(sys:log_to_file(P, false, 5000)), text_(element(2, file:read_file(D))), ?C(sys:log_to_file(P, "/no/such/dir/f"))], file:delete(D), stop_(P, R).
sys_debug() ->
    D = sys:debug_options([{log, 3}, {statistics, x}, statistics, {install, {fun(_, _, _) -> done end, s}}, {install, {n, fun(S, E, X) -> [{E, X} | S] end, []}}]), W = fun(Dev, E, N) -> io:format(Dev, "~p ~p~n", [N, E]) end, D2 = lists:foldl(fun(E, A) -> sys:handle_debug(A, W, nm, E) end, D, [{in, a}, {in, b, self()}, {out, c, self()}, {out, d, self(), st}, {noreply, s}, own, {postpone, x}]),
    [?C(sys:get_log(D2)), ?C(sys:get_debug(log, D2, none)) =/= x, ?C(sys:print_log(sys:debug_options([]))), length(D2), ?C(sys:handle_debug([], W, n, x)), ?C(sys:handle_debug([{foo, bar}], W, n, x)), ?C(sys:debug_options(foo))].
%% A special process.
loop_(Parent, Deb, St) -> receive {system, From, Req} -> sys:handle_system_msg(Req, From, Parent, ?MODULE, Deb, St); {get, P} -> P ! St, loop_(Parent, Deb, St) end.
system_continue(P, D, S) -> loop_(P, D, S).
system_terminate(R, _, _, S) -> exit({R, S}).
system_get_state(S) -> {ok, {state, S}}.
system_replace_state(F, S) -> N = F(S), {ok, N, N}.
system_code_change(S, M, V, X) -> {ok, {S, M, V, X}}.
special_process() ->
    P = spawn(?MODULE, loop_, [self(), [], s]), R = [?C(sys:get_state(P)), ?C(sys:replace_state(P, fun(S) -> {S} end)), ?C(sys:suspend(P)), ?C(sys:change_code(P, m, v, x)), ?C(sys:get_state(P)), element(1, ?C(sys:get_status(P))), ?C(sys:resume(P)), P ! {get, self()} =/= x, take(), ?C(sys:statistics(P, true)), ?C(sys:log(P, get)), P ! {system, {self(), make_ref()}, nonsense} =/= x, receive {_, X} -> pl_(X) after 5000 -> none end, ?C(sys:terminate(P, bye)), gone_(P)],
    H = spawn(fun() -> receive {system, From, Req} -> sys:handle_system_msg(Req, From, self(), ?MODULE, [], s, true) end end), R2 = ?C(sys:get_state(H)), stop_(H, R ++ [R2]).

%% ---- proc_lib
lib_starts() -> trap_(fun() ->
    A = fun(F) -> [?C(proc_lib:start(erlang, apply, [F, []], 5000)), ?C(proc_lib:start_link(erlang, apply, [F, []], 5000, [])), ?C(proc_lib:start_monitor(erlang, apply, [F, []], 5000)), begin R = ?C(proc_lib:start(erlang, apply, [F, []], 5000, [{priority, high}])), flush(), R end] end, S = self(),
    [A(fun() -> proc_lib:init_ack(S, {ok, self()}) end), A(fun() -> proc_lib:init_ack(hello) end), A(fun() -> exit(before) end), A(fun() -> error(before) end), A(fun() -> throw(before) end), A(fun() -> done end), A(fun() -> proc_lib:init_fail(S, {error, f}, {exit, x}) end), A(fun() -> proc_lib:init_fail({error, f}, {error, x}) end), A(fun() -> proc_lib:init_fail({error, f}, {throw, x, []}) end), ?C(proc_lib:start(timer, sleep, [100000], 1)), ?C(proc_lib:start_monitor(timer, sleep, [100000], 1, [])), ?C(proc_lib:start_link(timer, sleep, [100000], 1)), ?C(proc_lib:start_monitor(erlang, self, [])), ?C(proc_lib:start(id(7), f, [])), ?C(proc_lib:start(a, b, c)), ?C(proc_lib:start(lists, reverse, [[]], foo)), ?C(proc_lib:start(lists, reverse, [[]], 1, [monitor])), ?C(proc_lib:start_link(lists, reverse, [[]], 1, foo)), ?C(proc_lib:init_fail(x, y)), ?C(proc_lib:init_fail(S, x, {foo, y}))] end).
lib_spawns() ->
    S = self(), T = fun() -> S ! {anc_(), element(1, proc_lib:translate_initial_call(self()))} end,
    [begin R = ?C(F()), {R, case take() of {A, M} -> {pl_(A), M}; X -> X end} end || F <- [fun() -> proc_lib:spawn(T) end, fun() -> proc_lib:spawn(node(), T) end, fun() -> proc_lib:spawn(erlang, apply, [T, []]) end, fun() -> proc_lib:spawn(node(), erlang, apply, [T, []]) end, fun() -> proc_lib:spawn_link(T) end, fun() -> proc_lib:spawn_link(node(), T) end, fun() -> proc_lib:spawn_link(erlang, apply, [T, []]) end, fun() -> proc_lib:spawn_link(node(), erlang, apply, [T, []]) end, fun() -> proc_lib:spawn_opt(T, [link]) end, fun() -> proc_lib:spawn_opt(node(), T, [{priority, low}]) end, fun() -> proc_lib:spawn_opt(erlang, apply, [T, []], [{fullsweep_after, 3}]) end, fun() -> proc_lib:spawn_opt(node(), erlang, apply, [T, []], []) end]]
    ++ [?C(proc_lib:spawn(id(7))), ?C(proc_lib:spawn_opt(T, foo)), ?C(proc_lib:spawn_opt(T, [foo])), ?C(proc_lib:spawn(1, 2, 3)), ?C(proc_lib:spawn(fun(_) -> x end)), ?C(proc_lib:initial_call(self())), ?C(proc_lib:initial_call([{dictionary, [{'$initial_call', {a, b, 2}}]}])), ?C(proc_lib:translate_initial_call(id(7))), ?C(proc_lib:stop(bc_none)), ?C(proc_lib:stop(self(), x, 1)), ?C(proc_lib:get_label(self())), proc_lib:set_label({l, 1}), ?C(proc_lib:get_label(self()))].
anc_() -> lists:duplicate(length(get('$ancestors')), anc).
lib_reports() ->
    I = fun(E) -> [[{initial_call, {a, b, ['Argument__1']}}, {pid, self()}, {registered_name, [n]}, {process_label, lab}, {error_info, E}, {ancestors, [anc]}, {message_queue_len, 2}, {messages, [m, {n, "x"}]}, {links, []}, {dictionary, [{k, v}]}, {trap_exit, false}, {status, running}, {heap_size, 1}, {stack_size, 2}, {reductions, 3}], [[{neighbour, [{pid, p}]}]]] end,
    [text_(?C(proc_lib:format(I(E)))) || E <- [{error, badarg, [{erlang, hd, [x], [{error_info, #{module => erl_erts_errors}}]}, {m, f, 1, [{file, "f.erl"}, {line, 3}]}]}, {exit, gone, []}, {throw, t, [{m, f, 2, []}]}, {error, {badmatch, 1}, [{m, f, [1, 2], []}]}]] ++ [text_(?C(proc_lib:format(I({error, undef, [{a, b, [], []}]}), utf8))), text_(?C(proc_lib:format(I({error, undef, [{a, b, [], []}]}), latin1, 5))), text_(?C(proc_lib:format(I({error, undef, [{a, b, [], []}]}), utf8, {4, 300, true}))) =/= x, text_(?C(proc_lib:report_cb(#{label => {proc_lib, crash}, report => I({error, e, []})}, #{single_line => true, depth => 6, chars_limit => 400}))), ?C(proc_lib:format(foo))].
lib_hibernates() -> S = self(), P = proc_lib:spawn(fun() -> proc_lib:hibernate(?MODULE, awake_, [S, arg]) end), true = wait_(fun() -> {current_function, {erlang, hibernate, 3}} =:= process_info(P, current_function) orelse process_info(P, status) =:= {status, waiting} end), P ! go, [take(), take(), ?C(proc_lib:hibernate(id(7), f, []))].
awake_(S, A) -> S ! {awake, A}, receive M -> S ! {got, M} end.

%% ---- gen
gen_calls() -> trap_(fun() ->
    P = server_(7), S = self(), Q = spawn(fun L() -> receive {lab, {F, T}, X} -> gen:reply({F, T}, {r, X}), L() end end), C = gen:reqids_add(gen:send_request(Q, lab, 1), a, gen:reqids_new()),
    [?C(gen:call(Q, lab, x)), ?C(gen:call(Q, lab, x, 5000)), ?C(gen:call(bc_none, lab, x)), ?C(gen:call(S, lab, x)) , ?C(gen:call(Q, lab, x, foo)), ?C(gen:call({global, bc_none}, lab, x)), ?C(gen:send_request(Q, lab, x)), ?C(gen:wait_response(gen:send_request(Q, lab, y), 5000)), ?C(gen:receive_response(gen:send_request(Q, lab, z), 5000)), gen:reqids_size(C), ?C(element(1, gen:receive_response(C, 5000, true))), ?C(gen:wait_response(gen:reqids_new(), 5, true)), ?C(gen:check_response(x, gen:reqids_new(), true)), ?C(length(gen:reqids_to_list(gen:send_request(Q, lab, x, l, C)))), ?C(gen:check_response(foo, make_ref())), ?C(gen:stop(P)), ?C(gen:stop(Q, normal, 1)), ?C(gen:name({local, x})), ?C(gen:name({global, x})), ?C(gen:name(self())), ?C(gen:unregister_name({local, bc_none})), ?C(gen:unregister_name({global, bc_none})), ?C(gen:debug_options(n, [{debug, [trace, foo]}])), ?C(gen:debug_options(n, [])), ?C(gen:hibernate_after([{hibernate_after, 5}])), ?C(gen:hibernate_after([])), ?C(gen:format_status_header("Status for", n)), ?C(gen:format_status_header("Status for", {local, n})), ?C(gen:format_status_header("Status for", self())) =/= x, ?C(gen:format_status(?MODULE, normal, #{state => s, k => 1}, [])), ?C(gen:format_status(lists, normal, #{state => s}, [[], s])), ?C(gen:get_parent()), ?C(gen:get_proc_name({local, nope})), ?C(gen:get_proc_name(self())), ?C(gen:start(gen_server, nolink, ?MODULE, {server, 1}, [])), ?C(gen:start(gen_server, nolink, {local, bc_gs}, ?MODULE, {server, 1}, [])), ?C(gen:start(gen_server, nolink, {local, bc_gs}, ?MODULE, {server, 1}, [])), ?C(gen_server:stop(bc_gs))] end).
