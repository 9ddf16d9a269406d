%% SPDX-License-Identifier: Apache-2.0
%% Booted.
%% Tracing as people do it: OTP's dbg, its profilers, and a call tracer bounded in number as recon's is. What is told comes through a handler
%% that sends it here; the last traced call, done/0, says that all has come.
-module(dbg_cases).
-compile([export_all, nowarn_export_all, nowarn_deprecated_function, nowarn_deprecated_catch]).
-import(conformance, [id/1, err/1]).
-include_lib("stdlib/include/ms_transform.hrl").

%% ---- what is traced
f(X) -> [g(X)].
g(X) -> [X | h(X)].
h(X) -> X.
boom(X) -> error(X).
caught(X) -> try boom(X) catch _:R -> {caught, R} end.
fib(N) when N < 2 -> N;
fib(N) -> fib(N - 1) + fib(N - 2).
done() -> ok.

%% ---- helpers
start_() ->
    catch dbg:stop(),
    S = self(),
    {ok, _} = dbg:tracer(process, {fun(M, N) -> S ! {told, N, M}, N + 1 end, 1}),
    ok.
%% Runs F in a process that dbg:p traces with these flags, and gives what was told up to done/0.
run_(Flags, F) ->
    S = self(),
    P = spawn_link(fun() -> receive go -> ok end, V = (catch F()), ?MODULE:done(), S ! {value, self(), V}, receive stop -> ok end end),
    {ok, _} = dbg:p(P, [c | Flags]),
    {ok, _} = dbg:tp(?MODULE, done, 0, []),
    P ! go,
    V = receive {value, P, X} -> X end,
    T = told_(P, 1, []),
    unlink(P), M = monitor(process, P), P ! stop, receive {'DOWN', M, _, _, _} -> ok end,
    dbg:stop(),
    trace_cases_names(P, S, {V, T}).
told_(P, N, L) -> receive {told, N, {trace, P, call, {?MODULE, done, A}}} when A =:= []; A =:= 0 -> lists:reverse(L); {told, N, M} -> told_(P, N + 1, [M | L]) end.
trace_cases_names(P, S, T) -> put(names, [{P, p}, {S, s}]), V = name(T), erase(names), V.
name(T) when is_pid(T) -> case lists:keyfind(T, 1, get(names)) of {_, N} -> N; false -> pid end;
name(T) when is_port(T) -> port;
name(T) when is_reference(T) -> ref;
name(T) when is_function(T) -> function;
name([H | T]) -> [name(H) | name(T)];
name(T) when is_tuple(T) -> list_to_tuple(name(tuple_to_list(T)));
name(T) -> T.
%% Without the counts that depend on what else is loaded or runs.
ok_({ok, L}) when is_list(L) -> {ok, [case X of {matched, N, C} when is_integer(C) -> {matched, N, C > 0}; _ -> X end || X <- L]};
ok_(X) -> X.

%% ---- dbg
global() -> start_(), R = ok_(dbg:tp(?MODULE, h, 1, [])), {R, run_([], fun() -> f(1), ?MODULE:h(2) end)}.
local() -> start_(), R = ok_(dbg:tpl(?MODULE, h, [])), {R, run_([], fun() -> f(1), ?MODULE:h(2) end)}.
whole_module() -> start_(), {ok, _} = dbg:tpl(?MODULE, []), run_([], fun() -> f(1) end).
returns() -> start_(), {ok, _} = dbg:tpl(?MODULE, g, [{'_', [], [{return_trace}]}]), run_([], fun() -> f(1) end).
shortcut_x() -> start_(), R = dbg:tpl(?MODULE, boom, x), {R, run_([], fun() -> caught(oops) end)}.
shortcut_c() -> start_(), R = dbg:tpl(?MODULE, h, c), {R, run_([], fun() -> f(3) end)}.
shortcut_cx() -> start_(), R = dbg:tpl(?MODULE, boom, cx), {R, run_([], fun() -> caught(3) end)}.
shortcut_names() -> start_(), R = [ok_(dbg:tpl(?MODULE, h, S)) || S <- [caller_trace, exception_trace, caller_exception_trace, return_trace]], dbg:stop(), R.
fun2ms() -> start_(), {ok, _} = dbg:tpl(?MODULE, h, dbg:fun2ms(fun([X]) when X > 1 -> message({big, X}) end)), run_([], fun() -> [h(N) || N <- [1, 2, 3]] end).
fun2ms_text() -> dbg:fun2ms(fun([A, B]) when A > B -> return_trace(), message(caller()) end).
arity_flag() -> start_(), {ok, _} = dbg:tpl(?MODULE, h, []), run_([arity], fun() -> f(9) end).
return_to() -> start_(), {ok, _} = dbg:tpl(?MODULE, h, []), run_([return_to], fun() -> f(9) end).
messages() -> start_(), run_([m], fun() -> self() ! {hello, 1}, receive {hello, 1} -> ok end, no_such_name_ ! x end).
sends() -> start_(), run_([s], fun() -> self() ! a, receive a -> ok end end).
receives() -> start_(), run_([r], fun() -> self() ! a, receive a -> ok end end).
processes() -> start_(), run_([p], fun() -> {P, M} = spawn_monitor(fun() -> ok end), receive {'DOWN', M, _, P, _} -> ok end, register(dbg_cases_p, self()), unregister(dbg_cases_p) end).
flags_wrong() -> start_(), R = [dbg:p(self(), F) || F <- [[nonsense], nonsense, [c, nonsense]]] ++ [dbg:p(W, c) || W <- [no_such_name_, "<0.99999.0>"]], dbg:stop(), [case X of {error, E} when is_tuple(E) -> {error, element(1, E)}; _ -> X end || X <- R].
process_by_name() -> start_(), register(dbg_cases_n, self()), R = ok_(dbg:p(dbg_cases_n, [m])), I = element(2, erlang:trace_info(self(), flags)), unregister(dbg_cases_n), dbg:stop(), {R, I, erlang:trace_info(self(), flags)}.
flags_of_session() -> start_(), {ok, _} = dbg:p(self(), [m, c]), R = erlang:trace_info(self(), session) =/= undefined, dbg:stop(), R.
clear_flags() -> start_(), {ok, _} = dbg:p(self(), [m]), R = ok_(dbg:p(self(), clear)), dbg:stop(), R.
patterns_cleared() -> start_(), {ok, _} = dbg:tpl(?MODULE, h, []), A = ok_(dbg:ctpl(?MODULE, h)), B = ok_(dbg:ctp(?MODULE)), C = ok_(dbg:ctpg(?MODULE, g, 1)), {A, B, C, run_([], fun() -> f(1) end)}.
patterns_wrong() -> start_(), R = [ok_(dbg:tp(?MODULE, h, S)) || S <- [foo, [{}], [{a, b, c}], 99]] ++ [err(fun() -> dbg:tp(id({a, b}), []) end)] ++ [dbg:tp(no_such_module_, f, [])], dbg:stop(), name_error_(R).
name_error_(L) when is_list(L) -> [name_error_(X) || X <- L];
name_error_({error, {badarg, _}}) -> {error, badarg};
name_error_({error, T}) when is_tuple(T) -> {error, element(1, T)};
name_error_(X) -> X.
patterns_saved() -> start_(), {ok, L} = dbg:tp(?MODULE, h, [{'_', [], [{message, dbg_cases_saved}]}]), {saved, N} = lists:keyfind(saved, 1, L), {ok, L2} = dbg:tpl(?MODULE, g, N), R = [lists:keyfind(saved, 1, L2) =:= {saved, N}, dbg:dtp(N), element(1, dbg:tpl(?MODULE, g, N))], dbg:stop(), R.
events() -> start_(), {ok, _} = dbg:tpe(send, [{['_', '$1'], [{is_integer, '$1'}], []}]), R = run_([s], fun() -> self() ! a, self() ! 1, receive a -> ok end, receive 1 -> ok end end), R.
events_wrong() -> start_(), R = [name_error_(dbg:tpe(nonsense, [])), ok_(dbg:tpe('receive', [])), ok_(dbg:ctpe('receive')), ok_(dbg:ctpe(send))], dbg:stop(), R.
one_call() -> catch dbg:stop(), S = self(), R = dbg:c(?MODULE, h, [7], [c]), {R, S =:= self()}.
tracers() -> catch dbg:stop(), A = err(fun() -> dbg:get_tracer() end), start_(), {ok, T} = dbg:get_tracer(), B = dbg:tracer(), C = element(1, dbg:tracer(process, {fun(_, _) -> ok end, x})), dbg:stop(), {A, is_pid(T), B, C, begin M = monitor(process, T), receive {'DOWN', M, _, _, _} -> gone end end}.
tracers_wrong() -> catch dbg:stop(), R = [name_(catch dbg:tracer(K, D)) || {K, D} <- [{nonsense, 1}, {process, notuple}, {port, notafun}]], catch dbg:stop(), R.
name_({'EXIT', {R, _}}) -> {exit, R};
name_({'EXIT', R}) -> {exit, R};
name_({error, _} = E) -> E;
name_(_) -> something.
stop_clears() -> start_(), {ok, _} = dbg:p(self(), [m, c]), {ok, _} = dbg:tpl(?MODULE, h, []), {ok, _} = dbg:tp(?MODULE, g, []), dbg:stop(), {dbg:stop(), erlang:trace_info(self(), flags), erlang:trace_info({?MODULE, h, 1}, traced), erlang:trace_info({?MODULE, g, 1}, traced)}.
tracer_dies() -> start_(), {ok, T} = dbg:get_tracer(), {ok, _} = dbg:p(self(), [m]), M = monitor(process, T), exit(T, kill), receive {'DOWN', M, _, _, W} -> W end, catch dbg:stop(), {W, erlang:trace_info(self(), flags)}.
spawned_traced() -> start_(), {ok, _} = dbg:tpl(?MODULE, h, []), {V, T} = run_([sos], fun() -> {P, M} = spawn_monitor(fun() -> h(5) end), receive {'DOWN', M, _, P, _} -> ok end end), {V, T}.
handler_stops() -> catch dbg:stop(), S = self(), {ok, _} = dbg:tracer(process, {fun(M, 2) -> S ! {last, M}, exit(normal); (_, N) -> N + 1 end, 0}), {ok, _} = dbg:tpl(?MODULE, h, []), {ok, _} = dbg:p(self(), [c]), [h(N) || N <- lists:seq(1, 5)], R = receive {last, {trace, S, call, C}} -> C end, catch dbg:stop(), R.
timestamps() -> start_(), {ok, _} = dbg:tpl(?MODULE, h, []), S = self(), P = spawn_link(fun() -> receive go -> h(1), S ! self() end end), {ok, _} = dbg:p(P, [c, timestamp]), P ! go, receive P -> ok end, R = receive {told, 1, {trace_ts, P, call, MFA, {A, B, C}}} -> {MFA, is_integer(A + B + C)} end, dbg:stop(), R.
seq_trace_tracer() -> start_(), {ok, T} = dbg:get_tracer(), seq_trace:set_system_tracer(T), seq_trace:set_token(label, 17), seq_trace:set_token(print, true), seq_trace:print(17, note), seq_trace:set_token([]), seq_trace:set_system_tracer(false), R = receive {told, _, {seq_trace, 17, {print, _, _, _, I}}} -> I end, dbg:stop(), R.

%% ---- as recon does: so many calls, then no more
recon_like() ->
    S = self(),
    Tracer = spawn(fun() -> limited_(S, 5) end),
    Sess = trace:session_create(recon_like, Tracer, []),
    M = monitor(process, Tracer),
    P = spawn(fun() -> receive go -> [fib(N) || N <- [3, 3]], S ! ran, receive stop -> ok end end end),
    N = {trace:function(Sess, {?MODULE, fib, 1}, [{'_', [], [{return_trace}]}], [local]), trace:process(Sess, P, true, [call])},
    P ! go,
    receive ran -> ok end,
    receive {'DOWN', M, _, _, limit} -> ok end,
    Calls = [receive {call, C} -> C end || _ <- lists:seq(1, 5)],
    {N, Calls, trace:session_destroy(Sess), begin M2 = monitor(process, P), P ! stop, receive {'DOWN', M2, _, _, _} -> ok end end, receive {call, X} -> {more, X} after 0 -> none end}.
limited_(_, 0) -> exit(limit);
limited_(S, N) -> receive {trace, _, call, MFA} -> S ! {call, MFA}, limited_(S, N - 1); {trace, _, return_from, MFA, V} -> S ! {call, {MFA, V}}, limited_(S, N - 1) end.

%% ---- profilers
cprof() -> cprof:start(?MODULE), fib(5), cprof:pause(), {M, N, L} = cprof:analyse(?MODULE), cprof:stop(), {M, N, L}.
cprof_all() -> N = cprof:start(?MODULE, fib, 1), fib(4), cprof:pause(?MODULE, fib, 1), R = cprof:analyse(?MODULE, 1), cprof:restart(?MODULE), cprof:stop(), {N, R}.
tprof_calls() -> {V, {call_count, L}} = tprof:profile(fun() -> fib(5) end, #{type => call_count, report => return, pattern => [{?MODULE, fib, 1}]}), {V, [{M, F, A, [{if is_pid(P) -> pid; true -> P end, N} || {P, N, _} <- Ps]} || {M, F, A, Ps} <- L]}.
tprof_time() -> {V, {call_time, L}} = tprof:profile(fun() -> fib(8) end, #{type => call_time, report => return, pattern => [{?MODULE, fib, 1}]}), {V, [{M, F, A, [{N, is_integer(T)} || {_, N, T} <- Ps]} || {M, F, A, Ps} <- L]}.
tprof_memory() -> {V, {call_memory, L}} = tprof:profile(fun() -> ?MODULE:g(8) end, #{type => call_memory, report => return, pattern => [{?MODULE, g, 1}]}), {V, [{M, F, A, [{N, T} || {_, N, T} <- Ps]} || {M, F, A, Ps} <- L]}.
eprof() -> {ok, _} = eprof:start(), R = eprof:profile(fun() -> fib(6) end), F = file_("eprof"), ok = eprof:log(F), eprof:analyze(total, [{filter, []}]), eprof:stop(), {ok, B} = file:read_file(F), file:delete(F), {R, binary:match(B, <<"dbg_cases:fib/1">>) =/= nomatch}.
fprof() -> F = file_("fprof"), A = file_("fprof_analysis"), ok = fprof:trace([start, {file, F}]), fib(4), ok = fprof:trace(stop), P = fprof:profile(file, F), R = fprof:analyse([{dest, A}, {totals, true}]), fprof:stop(), {ok, T} = file:consult(A), file:delete(F), file:delete(A), {P, R, [C || {_, {{?MODULE, fib, 1}, C, _, _}, _} <- lists:flatten(T)]}.
%% ---- ports that listen: into a file, and back
file_tracer() ->
    catch dbg:stop(),
    F = file_("trace"), S = self(),
    {ok, _} = dbg:tracer(port, dbg:trace_port(file, F)),
    {ok, T} = dbg:get_tracer(),
    {ok, _} = dbg:tpl(?MODULE, h, x),
    {ok, _} = dbg:p(self(), [c, m]),
    h(1), self() ! {note, [h(X) || X <- [2, 3]]}, receive {note, _} -> ok end,
    {ok, _} = dbg:p(self(), clear),
    A = [is_port(T), dbg:flush_trace_port()],
    dbg:stop(),
    {ok, B} = file:read_file(F),
    C = dbg:trace_client(file, F, {fun(M, N) -> S ! {told, N, M}, N + 1 end, 1}),
    M = monitor(process, C),
    receive {'DOWN', M, _, _, R} -> ok end,
    file:delete(F),
    {A, lists:member(R, [normal, noproc]), B =/= <<>>, trace_cases_names(S, T, all_(1))}.
all_(N) -> receive {told, N, end_of_trace} -> [end_of_trace]; {told, N, M} -> [M | all_(N + 1)] after 0 -> [] end.
port_tracer() ->
    P = open_port({spawn, "cat"}, [{packet, 4}, binary]),
    A = [erlang:trace(self(), true, [{tracer, P}, call]), erlang:trace_info(self(), tracer) =:= {tracer, P}],
    erlang:trace_pattern({?MODULE, h, 1}, [{'_', [], [{return_trace}]}], [local]),
    h(7),
    erlang:trace_pattern({?MODULE, h, 1}, false, [local]),
    B = [receive {P, {data, D}} -> name3_(binary_to_term(D)) end || _ <- [1, 2]],
    port_close(P),
    {A, B, erlang:trace_info(self(), tracer), erlang:trace_info(self(), flags), err(fun() -> erlang:trace(self(), true, [{tracer, P}, call]) end) =/= ok}.
name3_(T) -> setelement(2, T, p).
seq_trace_port() ->
    P = open_port({spawn, "cat"}, [{packet, 4}, binary]),
    A = [seq_trace:set_system_tracer(P), seq_trace:get_system_tracer() =:= P],
    seq_trace:set_token(label, 5), seq_trace:set_token(print, true), seq_trace:set_token(send, true),
    seq_trace:print(5, told), self() ! {seq, 1}, receive {seq, 1} -> ok end,
    seq_trace:set_token([]),
    B = [receive {P, {data, D}} -> {seq_trace, L, I} = binary_to_term(D), {L, element(1, I), element(5, I)} end || _ <- [1, 2]],
    C = seq_trace:set_system_tracer(false) =:= P,
    port_close(P),
    {A, B, C, err(fun() -> seq_trace:set_system_tracer(P) end) =/= ok}.
%% Files in turn: after so many bytes; in the order in which they were written, the oldest gone.
wrapped(Size, Files, N) ->
    catch dbg:stop(),
    F = file_("wrapped"), S = self(), Spec = {F, wrap, ".trc", Size, Files},
    {ok, _} = dbg:tracer(port, dbg:trace_port(file, Spec)),
    {ok, _} = dbg:tpl(?MODULE, h, []),
    {ok, _} = dbg:p(self(), [c]),
    [h(X) || X <- lists:seq(1, N)],
    {ok, _} = dbg:p(self(), clear),
    ok = dbg:flush_trace_port(),
    dbg:stop(),
    Names = [{lists:nthtail(length(F), Name), filelib:file_size(Name)} || Name <- filelib:wildcard(F ++ "*")],
    C = dbg:trace_client(file, Spec, {fun(M, I) -> S ! {told, I, M}, I + 1 end, 1}),
    M = monitor(process, C),
    receive {'DOWN', M, _, _, R} -> ok end,
    [file:delete(Name) || Name <- filelib:wildcard(F ++ "*")],
    {Names, lists:member(R, [normal, noproc]), [case E of {trace, S, call, {_, h, [X]}} -> X; E -> E end || E <- all_(1)]}.
wrapped_few() -> wrapped(100000, 8, 3).
wrapped_some() -> wrapped(200, 3, 4).
wrapped_many() -> wrapped(200, 3, 60).
wrapped_digits() -> wrapped(100, 12, 60).
wrapped_one() -> wrapped(200, 1, 20).
wrapped_wrong() -> [err(fun() -> open_port({spawn, "trace_file_drv " ++ A}, []) end) =/= ok || A <- ["w 100 3 0 n /tmp/x", "w 100 3 0 9 n /tmp/x", "w 100 3 0 6", "w 100 3 0 4 n /no/such/folder"]].
file_tracer_missing() -> err(fun() -> open_port({spawn, "trace_file_drv n /no/such/folder/x"}, []) end) =/= ok.
file_(N) -> "/tmp/dbg_cases_" ++ os:getpid() ++ "_" ++ N.
