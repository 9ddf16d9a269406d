%% SPDX-License-Identifier: Apache-2.0
%% OTP's own behaviours from its own .beam files: gen_server, gen_statem, gen_event, supervisor, proc_lib, sys, timer, logger's callers.
-module(otp_cases).
-compile([export_all, nowarn_export_all]).
-import(conformance, [id/1, err/1, stack/1, sorted/1, in_process/1, flush/0, take/0, take/1, down/1, died/1, gone/2, frames/1]).

%% One callback module for all behaviours; init's argument says which.
init({server, S}) -> {ok, S};
init({server, S, Opts}) -> {ok, S, Opts};
init({server_trap, To}) -> process_flag(trap_exit, true), {ok, {trap, To}};
init({server_register, N}) -> {ok, N};
init({fail, How}) -> case How of {stop, R} -> {stop, R}; ignore -> ignore; {error, R} -> error(R); {exit, R} -> exit(R); {throw, R} -> throw(R); bad -> bad; {error_tuple, R} -> {error, R} end;
init({continue, To}) -> {ok, {cont, To}, {continue, go_on}};
init({statem, Mode, S, D}) -> put(mode, Mode), {ok, S, D};
init({statem_actions, S, D, A}) -> put(mode, handle_event_function), {ok, S, D, A};
init({event, A}) -> {ok, A};
init({sup, Flags, Specs}) -> {ok, {Flags, Specs}}.

handle_call(get, _, S) -> {reply, S, S};
handle_call({set, X}, _, S) -> {reply, S, X};
handle_call({defer, X}, From, S) -> gen_server:reply(From, {deferred, X}), {noreply, S};
handle_call({later, Ms, X}, From, S) -> erlang:send_after(Ms, self(), {reply_later, From, X}), {noreply, S};
handle_call(from, {P, _}, S) -> {reply, is_pid(P), S};
handle_call({stop, R}, _, S) -> {stop, R, stopping, S};
handle_call({stop_noreply, R}, _, S) -> {stop, R, S};
handle_call({crash, R}, _, _) -> error(R);
handle_call({throw, X}, _, _) -> throw(X);
handle_call({exit, R}, _, _) -> exit(R);
handle_call(bad, _, _) -> bad_return;
handle_call({timeout, T}, _, S) -> {reply, ok, S, T};
handle_call(hibernate, _, S) -> {reply, ok, S, hibernate};
handle_call({continue, X}, _, S) -> {reply, ok, S, {continue, X}};
handle_call(never, _, S) -> {noreply, S};
handle_call(queue, _, S) -> {reply, element(2, process_info(self(), message_queue_len)), S}.
handle_cast({set, X}, _) -> {noreply, X};
handle_cast({tell, P, X}, S) -> P ! {told, X}, {noreply, S};
handle_cast({stop, R}, S) -> {stop, R, S};
handle_cast({add, X}, S) -> {noreply, S + X}.
handle_info({reply_later, From, X}, S) -> gen_server:reply(From, X), {noreply, S};
handle_info(timeout, S) -> {noreply, {timed_out, S}};
handle_info({'EXIT', _, R}, {trap, To}) -> To ! {server_saw, R}, {noreply, {trap, To}};
handle_info(X, S) when is_list(S) -> {noreply, [X | S]};
handle_info(_, S) -> {noreply, S}.
handle_continue(go_on, {cont, To}) -> To ! continued, {noreply, done_continuing};
handle_continue(X, _) -> {noreply, {continued, X}}.
terminate(R, {trap, To}) -> To ! {terminated, R}, ok;
terminate(_, _) -> ok.
terminate(_, _, _) -> ok.
code_change(_, S, X) -> {ok, {changed, S, X}}.
code_change(_, S, D, _) -> {ok, S, D}.
format_status(S) -> S.

callback_mode() -> case get(mode) of undefined -> [handle_event_function]; M -> M end.
handle_event({call, F}, get, S, D) -> {keep_state_and_data, [{reply, F, {S, D}}]};
handle_event({call, F}, {go, To}, S, D) -> {next_state, To, [{S, To} | D], [{reply, F, ok}]};
handle_event({call, F}, {postpone_until, To}, S, D) -> case S of To -> {keep_state, D, [{reply, F, {was_postponed, D}}]}; _ -> {keep_state, D, [postpone]} end;
handle_event({call, F}, {timeout, T}, _, D) -> {next_state, waiting, D, [{reply, F, ok}, {state_timeout, T, too_late}]};
handle_event({call, F}, {event_timeout, T}, _, _) -> {keep_state_and_data, [{reply, F, ok}, {timeout, T, quiet}]};
handle_event({call, F}, {named_timeout, N, T}, _, _) -> {keep_state_and_data, [{reply, F, ok}, {{timeout, N}, T, {named, N}}]};
handle_event({call, F}, {cancel, N}, _, _) -> {keep_state_and_data, [{reply, F, ok}, {{timeout, N}, cancel}]};
handle_event({call, F}, {next_event, X}, _, _) -> {keep_state_and_data, [{next_event, internal, {inner, X, F}}]};
handle_event({call, F}, {stop, R}, _, _) -> {stop_and_reply, R, [{reply, F, stopping}]};
handle_event({call, _}, {crash, R}, _, _) -> error(R);
handle_event(internal, {inner, X, F}, S, _) -> {keep_state_and_data, [{reply, F, {inner, X, S}}]};
handle_event(state_timeout, X, _, D) -> {next_state, timed_out, [X | D]};
handle_event(timeout, X, S, D) -> {next_state, S, [X | D]};
handle_event({timeout, N}, X, S, D) -> {next_state, S, [{N, X} | D]};
handle_event(cast, {push, X}, S, D) -> {next_state, S, [X | D]};
handle_event(enter, O, S, D) -> {keep_state, [{enter, O, S} | D]};
handle_event(info, X, _, D) -> {keep_state, [{info, X} | D]}.

%% gen_event
handle_event({push, X}, S) -> {ok, [X | S]};
handle_event(remove, _) -> remove_handler;
handle_event({swap, A}, S) -> {swap_handler, swapped, S, {?MODULE, two}, A};
handle_event(crash, _) -> error(crashed).
handle_call(get, S) -> {ok, S, S};
handle_call({set, X}, _) -> {ok, was_set, X}.

start_(S) -> {ok, P} = gen_server:start_link(?MODULE, {server, S}, []), P.
trap_(F) -> process_flag(trap_exit, true), R = F(), process_flag(trap_exit, false), R.
why_({E, S}) when is_list(S) -> {E, stack};
why_(X) -> X.

server_call() -> P = start_(1), [gen_server:call(P, get), gen_server:call(P, {set, 2}), gen_server:call(P, get), gen_server:call(P, get, infinity), gen_server:call(P, from)].
server_cast() -> P = start_(1), [gen_server:cast(P, {set, 5}), gen_server:call(P, get), gen_server:cast(P, {tell, self(), hi}), receive {told, X} -> X end, gen_server:cast(no_such_server, x)].
server_info() -> P = start_([]), P ! a, P ! b, gen_server:call(P, get).
server_deferred() -> P = start_(1), [gen_server:call(P, {defer, x}), gen_server:call(P, {later, 5, y})].
server_many_calls() -> P = start_(0), [gen_server:cast(P, {add, N}) || N <- lists:seq(1, 500)], gen_server:call(P, get).
server_many_clients() -> P = start_(0), Ws = [spawn_monitor(fun() -> [gen_server:cast(P, {add, 1}) || _ <- lists:seq(1, 50)], gen_server:call(P, get) end) || _ <- lists:seq(1, 20)], [gone(Q, R) || {Q, R} <- Ws], gen_server:call(P, get).
server_call_with_full_mailbox() -> P = start_(1), [self() ! {junk, N} || N <- lists:seq(1, 20000)], R = [gen_server:call(P, get) || _ <- lists:seq(1, 200)], {lists:usort(R), length(flush())}.
server_names() -> {ok, P} = gen_server:start_link({local, otp_named}, ?MODULE, {server, n}, []), R = [gen_server:call(otp_named, get), gen_server:call({otp_named, node()}, get), whereis(otp_named) =:= P, element(1, gen_server:start_link({local, otp_named}, ?MODULE, {server, n}, [])), gen_server:stop(otp_named), whereis(otp_named)], R.
server_call_missing() -> [element(2, err(fun() -> gen_server:call(otp_not_there, get) end)), element(1, element(2, err(fun() -> gen_server:call(otp_not_there, get) end)))].
server_call_dead() -> {P, R} = spawn_monitor(fun() -> ok end), gone(P, R), element(1, element(2, err(fun() -> gen_server:call(P, get) end))).
server_call_timeout() -> P = start_(1), {exit, {timeout, {gen_server, call, [P, never, 10]}}} = err(fun() -> gen_server:call(P, never, 10) end), timed_out.
server_late_reply_dropped() -> P = start_(1), err(fun() -> gen_server:call(P, {later, 30, x}, 5) end), timer:sleep(60), flush().
server_call_wrong() -> P = start_(1), [element(1, err(fun() -> gen_server:call(P, get, id(foo)) end)), element(1, err(fun() -> gen_server:call(id(1), get) end))].
server_stop() -> trap_(fun() -> P = start_(1), [gen_server:stop(P), receive {'EXIT', P, R} -> R end] end).
server_stop_reason() -> trap_(fun() -> P = start_(1), [gen_server:stop(P, {shutdown, why}, 1000), receive {'EXIT', P, R} -> R end, element(2, err(fun() -> gen_server:stop(P) end))] end).
server_stop_reply() -> trap_(fun() -> P = start_(1), [gen_server:call(P, {stop, normal}), receive {'EXIT', P, R} -> R end] end).
server_crash() -> trap_(fun() -> P = start_(1), {exit, {{Why, S}, {gen_server, call, [P, {crash, boom}, 5000]}}} = err(fun() -> gen_server:call(P, {crash, boom}, 5000) end), {Why, is_list(S), receive {'EXIT', P, {R, _}} -> R end} end).
server_throws_value() -> P = start_(1), gen_server:call(P, {throw, {reply, thrown, 2}}).
server_exit_in_call() -> trap_(fun() -> P = start_(1), {exit, {R, _}} = err(fun() -> gen_server:call(P, {exit, gone}) end), {R, receive {'EXIT', P, X} -> X end} end).
server_bad_return() -> trap_(fun() -> P = start_(1), {exit, {R, _}} = err(fun() -> gen_server:call(P, bad) end), {R, receive {'EXIT', P, X} -> X end} end).
server_init_failures() -> trap_(fun() -> [begin R = gen_server:start_link(?MODULE, {fail, How}, []), X = receive {'EXIT', _, E} -> why_(E) after 100 -> none end, {How, case R of {error, {E2, S}} when is_list(S) -> {error, E2}; _ -> R end, X} end || How <- [{stop, s}, ignore, {error, e}, {exit, x}, {throw, t}, bad, {error_tuple, q}, {stop, normal}]] end).
server_start_timeout() -> trap_(fun() -> gen_server:start_link(?MODULE, {server, 1}, [{timeout, 1000}]) =/= {error, timeout} end).
server_start_unlinked() -> {ok, P} = gen_server:start(?MODULE, {server, 1}, []), L = process_info(P, links), gen_server:stop(P), L.
server_start_monitor() -> {ok, {P, R}} = gen_server:start_monitor(?MODULE, {server, 1}, []), gen_server:stop(P), receive {'DOWN', R, process, P, X} -> X end.
server_timeout() -> P = start_(1), gen_server:call(P, {timeout, 5}), timer:sleep(60), gen_server:call(P, get).
server_init_timeout() -> {ok, P} = gen_server:start_link(?MODULE, {server, s, 5}, []), timer:sleep(60), gen_server:call(P, get).
server_hibernate() -> P = start_(h), gen_server:call(P, hibernate), timer:sleep(20), I = process_info(P, current_function), {I, gen_server:call(P, get)}.
server_continue() -> {ok, P} = gen_server:start_link(?MODULE, {continue, self()}, []), A = take(), {A, gen_server:call(P, get), gen_server:call(P, {continue, more}), gen_server:call(P, get)}.
server_trap_terminate() -> trap_(fun() -> {ok, P} = gen_server:start_link(?MODULE, {server_trap, self()}, []), gen_server:stop(P), receive {'EXIT', P, _} -> ok end, take() end).
server_parent_dies() -> S = self(), {A, R} = spawn_monitor(fun() -> {ok, _} = gen_server:start_link(?MODULE, {server_trap, S}, []), exit(parent_gone) end), X = gone(A, R), {X, take()}.
server_linked_exit() -> trap_(fun() -> {ok, P} = gen_server:start_link(?MODULE, {server_trap, self()}, []), Q = spawn(fun() -> link(P), exit(linked_died) end), is_pid(Q), take() end).
server_multi_call_local() -> {ok, _} = gen_server:start_link({local, otp_multi}, ?MODULE, {server, m}, []), gen_server:multi_call([node()], otp_multi, get).
server_abcast() -> {ok, _} = gen_server:start_link({local, otp_ab}, ?MODULE, {server, m}, []), [gen_server:abcast([node()], otp_ab, {set, z}), gen_server:call(otp_ab, get)].
server_requests() -> P = start_(1), R = gen_server:send_request(P, get), {reply, X} = gen_server:wait_response(R, 1000), C = gen_server:send_request(P, get, label, gen_server:reqids_new()), {{reply, Y}, label, _} = gen_server:receive_response(C, 1000, true), {X, Y}.
server_request_check() -> P = start_(1), R = gen_server:send_request(P, {later, 1, z}), receive M -> gen_server:check_response(M, R) end.
server_enter_loop() -> P = proc_lib:spawn_link(fun() -> gen_server:enter_loop(?MODULE, [], entered) end), gen_server:call(P, get).
sys_state() -> P = start_({a, 1}), [sys:get_state(P), sys:replace_state(P, fun({a, N}) -> {a, N + 1} end), gen_server:call(P, get)].
sys_status() -> P = start_(s), {status, P, {module, M}, L} = sys:get_status(P), {M, length(L), lists:nth(2, L)}.
sys_suspend() -> P = start_(s), ok = sys:suspend(P), A = err(fun() -> gen_server:call(P, get, 20) end), ok = sys:resume(P), {element(1, element(2, A)), gen_server:call(P, get)}.
sys_change_code() -> P = start_(s), sys:suspend(P), R = sys:change_code(P, ?MODULE, "1", extra), sys:resume(P), {R, gen_server:call(P, get)}.
sys_log_statistics() -> P = start_(s), [sys:statistics(P, true), gen_server:call(P, get), element(1, sys:statistics(P, get)), [K || {K, _} <- element(2, sys:statistics(P, get))], sys:statistics(P, false), sys:log(P, true), element(1, sys:log(P, get))].
sys_terminate() -> trap_(fun() -> P = start_(s), sys:terminate(P, ended), receive {'EXIT', P, R} -> R end end).
statem_events() -> {ok, P} = gen_statem:start_link(?MODULE, {statem, handle_event_function, idle, []}, []), [gen_statem:call(P, get), gen_statem:call(P, {go, busy}), gen_statem:call(P, get), gen_statem:cast(P, {push, x}), begin P ! note, gen_statem:call(P, get) end].
statem_postpone() -> {ok, P} = gen_statem:start_link(?MODULE, {statem, handle_event_function, idle, []}, []), S = self(), spawn(fun() -> S ! {answer, gen_statem:call(P, {postpone_until, open})} end), timer:sleep(20), gen_statem:call(P, {go, open}), take().
statem_timeouts() -> {ok, P} = gen_statem:start_link(?MODULE, {statem, handle_event_function, idle, []}, []), gen_statem:call(P, {timeout, 5}), timer:sleep(50), A = gen_statem:call(P, get), gen_statem:call(P, {event_timeout, 5}), timer:sleep(50), B = gen_statem:call(P, get), {A, B}.
statem_named_timeouts() -> {ok, P} = gen_statem:start_link(?MODULE, {statem, handle_event_function, idle, []}, []), gen_statem:call(P, {named_timeout, a, 5}), gen_statem:call(P, {named_timeout, b, 5000}), gen_statem:call(P, {cancel, b}), timer:sleep(50), gen_statem:call(P, get).
statem_state_timeout_cancelled() -> {ok, P} = gen_statem:start_link(?MODULE, {statem, handle_event_function, idle, []}, []), gen_statem:call(P, {timeout, 30}), gen_statem:call(P, {go, away}), timer:sleep(60), gen_statem:call(P, get).
statem_next_event() -> {ok, P} = gen_statem:start_link(?MODULE, {statem, handle_event_function, idle, []}, []), gen_statem:call(P, {next_event, x}).
statem_enter_calls() -> {ok, P} = gen_statem:start_link(?MODULE, {statem, [handle_event_function, state_enter], idle, []}, []), gen_statem:call(P, {go, busy}), gen_statem:call(P, get).
statem_stop() -> trap_(fun() -> {ok, P} = gen_statem:start_link(?MODULE, {statem, handle_event_function, idle, []}, []), [gen_statem:call(P, {stop, bye}), receive {'EXIT', P, R} -> R end] end).
statem_crash() -> trap_(fun() -> {ok, P} = gen_statem:start_link(?MODULE, {statem, handle_event_function, idle, []}, []), {exit, {{R, _}, _}} = err(fun() -> gen_statem:call(P, {crash, boom}) end), {R, receive {'EXIT', P, {X, _}} -> X end} end).
statem_init_actions() -> {ok, P} = gen_statem:start_link(?MODULE, {statem_actions, idle, [], [{state_timeout, 5, from_init}]}, []), timer:sleep(50), gen_statem:call(P, get).
statem_sys() -> {ok, P} = gen_statem:start_link(?MODULE, {statem, handle_event_function, idle, [d]}, []), [sys:get_state(P), sys:replace_state(P, fun({S, D}) -> {S, [e | D]} end), gen_statem:call(P, get)].
statem_request() -> {ok, P} = gen_statem:start_link(?MODULE, {statem, handle_event_function, idle, []}, []), gen_statem:wait_response(gen_statem:send_request(P, get), 1000).
event_manager() -> {ok, P} = gen_event:start_link(), [gen_event:add_handler(P, ?MODULE, {event, []}), gen_event:notify(P, {push, 1}), gen_event:sync_notify(P, {push, 2}), gen_event:call(P, ?MODULE, get), gen_event:which_handlers(P), gen_event:call(P, ?MODULE, {set, x}), gen_event:call(P, nope, get), gen_event:delete_handler(P, ?MODULE, bye), gen_event:which_handlers(P), gen_event:stop(P)].
event_removed() -> {ok, P} = gen_event:start_link(), gen_event:add_handler(P, ?MODULE, {event, []}), gen_event:sync_notify(P, remove), gen_event:which_handlers(P).
event_crash_removed() -> {ok, P} = gen_event:start_link(), gen_event:add_sup_handler(P, ?MODULE, {event, []}), gen_event:sync_notify(P, crash), X = receive {gen_event_EXIT, ?MODULE, {'EXIT', {R, _}}} -> R after 1000 -> none end, {X, gen_event:which_handlers(P)}.
event_two_handlers() -> {ok, P} = gen_event:start_link(), gen_event:add_handler(P, {?MODULE, one}, {event, [a]}), gen_event:add_handler(P, {?MODULE, two}, {event, [b]}), gen_event:sync_notify(P, {push, x}), [gen_event:call(P, {?MODULE, I}, get) || I <- [one, two]].
child_(Id, R) -> #{id => Id, start => {gen_server, start_link, [?MODULE, {server, Id}, []]}, restart => R, shutdown => 1000}.
pids_(S) -> [{I, P} || {I, P, _, _} <- lists:sort(supervisor:which_children(S))].
die_(P) -> R = monitor(process, P), exit(P, kill), receive {'DOWN', R, _, _, _} -> ok end.
sup_(Flags, Specs) -> {ok, S} = supervisor:start_link(?MODULE, {sup, Flags, Specs}), S.
restarted_(S, Id, Old) -> case lists:keyfind(Id, 1, pids_(S)) of {_, P} when is_pid(P), P =/= Old -> P; _ -> timer:sleep(1), restarted_(S, Id, Old) end.
sup_start() -> S = sup_(#{}, [child_(a, permanent), child_(b, transient)]), {[I || {I, P} <- pids_(S), is_pid(P)], supervisor:count_children(S)}.
sup_which() -> S = sup_(#{}, [child_(a, permanent)]), [{I, T, M} || {I, _, T, M} <- supervisor:which_children(S)].
sup_restart_one() -> S = sup_(#{intensity => 5, period => 10}, [child_(a, permanent), child_(b, permanent)]), [{a, A}, {b, B}] = pids_(S), die_(A), A2 = restarted_(S, a, A), {A2 =/= A, lists:keyfind(b, 1, pids_(S)) =:= {b, B}, gen_server:call(A2, get)}.
sup_restart_all() -> S = sup_(#{strategy => one_for_all, intensity => 5, period => 10}, [child_(a, permanent), child_(b, permanent)]), [{a, A}, {b, B}] = pids_(S), die_(A), A2 = restarted_(S, a, A), B2 = restarted_(S, b, B), {A2 =/= A, B2 =/= B}.
sup_restart_rest() -> S = sup_(#{strategy => rest_for_one, intensity => 5, period => 10}, [child_(a, permanent), child_(b, permanent), child_(c, permanent)]), [{a, A}, {b, B}, {c, C}] = pids_(S), die_(B), B2 = restarted_(S, b, B), C2 = restarted_(S, c, C), {B2 =/= B, C2 =/= C, lists:keyfind(a, 1, pids_(S)) =:= {a, A}}.
sup_transient() -> S = sup_(#{intensity => 5, period => 10}, [child_(a, transient)]), [{a, A}] = pids_(S), gen_server:stop(A), timer:sleep(20), X = pids_(S), supervisor:restart_child(S, a), [{a, B}] = pids_(S), die_(B), C = restarted_(S, a, B), {X, is_pid(C)}.
sup_temporary() -> S = sup_(#{intensity => 5, period => 10}, [child_(a, temporary)]), [{a, A}] = pids_(S), die_(A), timer:sleep(20), pids_(S).
sup_gives_up() -> trap_(fun() -> S = sup_(#{intensity => 2, period => 10}, [child_(a, permanent)]), kill_until_gone_(S), receive {'EXIT', S, R} -> R end end).
kill_until_gone_(S) -> case catch pids_(S) of [{a, P}] when is_pid(P) -> die_(P), kill_until_gone_(S); [_ | _] -> kill_until_gone_(S); _ -> ok end.
sup_dynamic() -> S = sup_(#{}, []), {ok, P} = supervisor:start_child(S, child_(x, permanent)), [supervisor:start_child(S, child_(x, permanent)) =:= {error, {already_started, P}}, supervisor:terminate_child(S, x), supervisor:restart_child(S, y), element(1, supervisor:restart_child(S, x)), supervisor:terminate_child(S, x), supervisor:delete_child(S, x), supervisor:delete_child(S, x), supervisor:which_children(S)].
sup_get_childspec() -> S = sup_(#{}, [child_(a, permanent)]), {ok, M} = supervisor:get_childspec(S, a), {lists:sort(maps:keys(M)), maps:get(restart, M), maps:get(shutdown, M), supervisor:get_childspec(S, z)}.
sup_simple() -> S = sup_(#{strategy => simple_one_for_one, intensity => 10, period => 10}, [#{id => w, start => {?MODULE, start_simple, []}, restart => transient}]), Ps = [begin {ok, P} = supervisor:start_child(S, [N]), P end || N <- lists:seq(1, 20)], {lists:sum([gen_server:call(P, get) || P <- Ps]), supervisor:count_children(S), supervisor:terminate_child(S, hd(Ps)), length(supervisor:which_children(S))}.
start_simple(N) -> gen_server:start_link(?MODULE, {server, N}, []).
sup_simple_restart() -> S = sup_(#{strategy => simple_one_for_one, intensity => 10, period => 10}, [#{id => w, start => {?MODULE, start_simple, []}, restart => permanent}]), {ok, P} = supervisor:start_child(S, [7]), die_(P), wait_(fun() -> [Q || {_, Q, _, _} <- supervisor:which_children(S), is_pid(Q), Q =/= P] =/= [] end), [{_, Q, _, _}] = supervisor:which_children(S), gen_server:call(Q, get).
wait_(F) -> case F() of true -> ok; false -> timer:sleep(1), wait_(F) end.
sup_shutdown_order() -> trap_(fun() -> Me = self(), S = sup_(#{}, [#{id => I, start => {?MODULE, start_reporting, [Me, I]}} || I <- [a, b, c]]), unlink(S), R = monitor(process, S), exit(S, shutdown), X = gone(S, R), {X, [take() || _ <- [1, 2, 3]]} end).
start_reporting(To, I) -> proc_lib:start_link(?MODULE, reporting_init_, [To, I]).
reporting_init_(To, I) -> process_flag(trap_exit, true), proc_lib:init_ack({ok, self()}), receive {'EXIT', _, R} -> To ! {I, R} end.
sup_brutal_kill() -> S = sup_(#{}, [#{id => a, start => {?MODULE, start_reporting, [self(), a]}, shutdown => brutal_kill}]), [{a, P}] = pids_(S), R = monitor(process, P), supervisor:terminate_child(S, a), gone(P, R).
sup_shutdown_timeout() -> S = sup_(#{}, [#{id => a, start => {?MODULE, start_stubborn_, []}, shutdown => 20}]), [{a, P}] = pids_(S), R = monitor(process, P), supervisor:terminate_child(S, a), gone(P, R).
start_stubborn_() -> proc_lib:start_link(?MODULE, stubborn_init_, []).
stubborn_init_() -> process_flag(trap_exit, true), proc_lib:init_ack({ok, self()}), stubborn_().
stubborn_() -> receive _ -> stubborn_() end.
sup_nested() -> S = sup_(#{}, [#{id => inner, start => {supervisor, start_link, [?MODULE, {sup, #{}, [child_(x, permanent), child_(y, permanent)]}]}, type => supervisor}]), [{inner, I}] = pids_(S), {[N || {N, _} <- pids_(I)], supervisor:count_children(S)}.
sup_child_fails_to_start() -> trap_(fun() -> R = supervisor:start_link(?MODULE, {sup, #{}, [child_(a, permanent), #{id => bad, start => {gen_server, start_link, [?MODULE, {fail, {stop, no}}, []]}}]}), X = receive {'EXIT', _, E} -> E after 500 -> none end, {sup_err_(R), X} end).
sup_err_({error, {shutdown, {failed_to_start_child, Id, R}}}) -> {failed, Id, R};
sup_err_(X) -> X.
sup_child_ignored() -> S = sup_(#{}, [#{id => ig, start => {gen_server, start_link, [?MODULE, {fail, ignore}, []]}}]), pids_(S).
sup_wrong() -> trap_(fun() -> [supervisor:check_childspecs([child_(a, permanent)]), supervisor:check_childspecs([#{id => a}]), supervisor:check_childspecs([{a, {m, f, []}, bad, 1, worker, []}]), element(1, supervisor:start_link(?MODULE, {sup, #{strategy => nope}, []})), element(1, supervisor:start_link(?MODULE, {sup, #{}, [x]}))] end).
sup_auto_shutdown() -> trap_(fun() -> S = sup_(#{auto_shutdown => any_significant}, [(child_(a, transient))#{significant => true}, child_(b, permanent)]), [{a, A}, _] = pids_(S), gen_server:stop(A), receive {'EXIT', S, R} -> R end end).
sup_named() -> {ok, S} = supervisor:start_link({local, otp_sup}, ?MODULE, {sup, #{}, [child_(a, permanent)]}), [whereis(otp_sup) =:= S, length(supervisor:which_children(otp_sup))].
sup_old_style_spec() -> {ok, S} = supervisor:start_link(?MODULE, {sup, {one_for_one, 1, 5}, [{a, {gen_server, start_link, [?MODULE, {server, a}, []]}, permanent, 1000, worker, [?MODULE]}]}), [{I, T, M} || {I, _, T, M} <- supervisor:which_children(S)].
proc_lib_start_link() -> {ok, P, x} = proc_lib:start_link(?MODULE, pl_init, [self(), ok]), is_pid(P).
pl_init(Parent, ok) -> proc_lib:init_ack(Parent, {ok, self(), x}), receive stop -> ok end;
pl_init(_, {die, R}) -> exit(R);
pl_init(Parent, {fail, R}) -> proc_lib:init_fail(Parent, {error, R}, {exit, R}).
proc_lib_start_fails() -> trap_(fun() -> [proc_lib:start_link(?MODULE, pl_init, [self(), {die, why}]), proc_lib:start_link(?MODULE, pl_init, [self(), {fail, nope}]), flush_exits_()] end).
flush_exits_() -> [R || {'EXIT', _, R} <- flush()].
proc_lib_start_timeout() -> trap_(fun() -> proc_lib:start_link(timer, sleep, [5000], 10) end).
proc_lib_ancestors() -> S = self(), proc_lib:spawn_link(fun() -> S ! {get('$ancestors'), get('$initial_call')} end), {A, I} = take(), {A =:= [S], I}.
proc_lib_initial_call() -> P = proc_lib:spawn(fun() -> receive stop -> ok end end), [proc_lib:translate_initial_call(P), proc_lib:initial_call(P)].
proc_lib_spawn_forms() -> S = self(), [begin F(), take() end || F <- [fun() -> proc_lib:spawn(fun() -> S ! a end) end, fun() -> proc_lib:spawn_link(erlang, send, [S, b]) end, fun() -> proc_lib:spawn_opt(fun() -> S ! c end, [{priority, high}]) end]].
proc_lib_hibernate() -> S = self(), P = proc_lib:spawn(fun() -> proc_lib:hibernate(?MODULE, pl_woken, [S]) end), P ! wake, take().
pl_woken(S) -> receive wake -> S ! woken end.
proc_lib_stop() -> P = proc_lib:spawn(fun() -> receive {system, F, {terminate, R}} -> gen:reply(F, ok), exit(R) end end), proc_lib:stop(P, done, 1000).
proc_lib_format() -> lists:flatten(proc_lib:format([[{initial_call, {m, f, []}}, {pid, self()}, {registered_name, []}, {error_info, {error, bad, []}}, {ancestors, []}, {message_queue_len, 0}, {messages, []}, {links, []}, {dictionary, []}, {trap_exit, false}, {status, running}, {heap_size, 1}, {stack_size, 1}, {reductions, 1}], []])) =/= "".
gen_call_marker() -> P = spawn_link(fun() -> gen_loop_() end), [self() ! N || N <- lists:seq(1, 5000)], R = [element(2, gen:call(P, '$x', N, 1000)) || N <- lists:seq(1, 100)], {lists:sum(R), length(flush())}.
gen_loop_() -> receive {'$x', F, N} -> gen:reply(F, N * 2), gen_loop_() end.
%% Where OTP's kernel is not running, nobody has started timer's server.
timers_up_() -> case whereis(timer_server) of undefined -> S = self(), spawn(fun() -> S ! element(1, timer:start_link()), receive never -> ok end end), take(); _ -> ok end.
timer_server() -> timers_up_(), {ok, T} = timer:send_after(5, self(), from_timer), A = take(), {ok, I} = timer:send_interval(3, tick), L = [take(), take()], timer:cancel(I), {element(1, T), A, L}.
timer_apply() -> timers_up_(), S = self(), {ok, _} = timer:apply_after(2, erlang, send, [S, applied]), X = take(), {ok, _} = timer:exit_after(1, spawn_trap_(S), late), {X, take()}.
spawn_trap_(S) -> spawn(fun() -> process_flag(trap_exit, true), receive {'EXIT', _, R} -> S ! {exited, R} end end).
timer_tc() -> {T, R} = timer:tc(lists, seq, [1, 3]), {is_integer(T), R}.
timer_cancel() -> timers_up_(), {ok, T} = timer:send_after(5000, x), [element(1, timer:cancel(T)), element(1, timer:cancel(bad))].
erpc_local() -> [erpc:call(node(), lists, sum, [[1, 2]]), erpc:call(node(), fun() -> here end), err(fun() -> erpc:call(node(), erlang, error, [x]) end) =/= ok].
logger_without_kernel() -> is_function(fun logger:log/2).
