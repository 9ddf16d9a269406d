%% SPDX-License-Identifier: Apache-2.0
%% Processes: spawn in all its forms, messages, selective receive, registered names, dictionary, flags, information, hibernation, suspension, fairness.
-module(process_cases).
-compile([export_all, nowarn_export_all]).
-import(conformance, [id/1, err/1, stack/1, sorted/1, in_process/1, flush/0, take/0, take/1, down/1, died/1, gone/2, frames/1]).

echo_() -> receive {From, X} -> From ! {self(), X}, echo_(); stop -> ok end.
idle_() -> receive stop -> ok end.
settle_(P) -> case process_info(P, status) of {status, S} when S =:= waiting; S =:= suspended -> ok; _ -> timer:sleep(1), settle_(P) end.
resumed_(P) -> case process_info(P, status) of {status, suspended} -> timer:sleep(1), resumed_(P); _ -> ok end.

spawn_fun() -> S = self(), P = spawn(fun() -> S ! {self(), hello} end), receive {P, X} -> X end.
spawn_mfa() -> S = self(), spawn(?MODULE, say_, [S, hi]), take().
say_(P, X) -> P ! X.
spawn_link_fun() -> S = self(), P = spawn_link(fun() -> S ! {self(), hello} end), receive {P, X} -> X end.
spawn_monitor_fun() -> {P, R} = spawn_monitor(fun() -> exit(done) end), receive {'DOWN', R, process, P, X} -> X end.
spawn_monitor_mfa() -> {P, R} = spawn_monitor(erlang, exit, [done]), receive {'DOWN', R, process, P, X} -> X end.
spawn_opt_forms() -> S = self(), [begin P = spawn_opt(fun() -> S ! {x, self()} end, O), receive {x, P} -> ok end end || O <- [[], [{priority, high}], [{min_heap_size, 1000}], [{fullsweep_after, 0}], [link], [{message_queue_data, off_heap}], [{max_heap_size, 1000000}], [{min_bin_vheap_size, 100}], [{priority, low}, link]]].
spawn_opt_monitor() -> {P, R} = spawn_opt(fun() -> exit(x) end, [monitor]), receive {'DOWN', R, process, P, X} -> X end.
spawn_opt_monitor_options() -> {P, R} = spawn_opt(fun() -> exit(x) end, [{monitor, [{tag, mytag}]}]), receive {mytag, R, process, P, X} -> X end.
spawn_opt_monitor_alias() -> {_, R} = spawn_opt(?MODULE, reply_, [], [{monitor, [{alias, reply_demonitor}]}]), receive {'DOWN', R, process, _, X} -> X end.
reply_() -> exit(fine).
spawn_opt_wrong() -> [err(fun() -> spawn_opt(fun() -> ok end, id(O)) end) || O <- [foo, [foo], [{priority, x}], [{min_heap_size, -1}], [{fullsweep_after, a}], [link | foo]]].
spawn_wrong() -> [err(F) || F <- [fun() -> spawn(id(a)) end, fun() -> spawn(id(1), f, []) end, fun() -> spawn(m, id(1), []) end, fun() -> spawn(m, f, id(a)) end, fun() -> spawn(m, f, id([a | b])) end, fun() -> spawn_link(m, f, id(a)) end, fun() -> spawn_monitor(id(x)) end]].
spawn_on_this_node() -> S = self(), P = spawn(node(), fun() -> S ! {self(), on_node} end), receive {P, X} -> X end.
spawn_request() -> S = self(), R = spawn_request(fun() -> S ! {from, self()} end), receive {spawn_reply, R, ok, P} when is_pid(P) -> receive {from, P} -> ok end end.
spawn_request_options() -> R = spawn_request(fun() -> exit(x) end, [monitor, {reply_tag, mine}]), receive {mine, R, ok, P} -> receive {'DOWN', R, process, P, X} -> X end end.
spawn_request_mfa() -> R = spawn_request(erlang, exit, [y], [monitor]), receive {spawn_reply, R, ok, P} -> receive {'DOWN', R, process, P, X} -> X end end.
spawn_request_no_reply() -> S = self(), R = spawn_request(fun() -> S ! started end, [{reply, no}]), {is_reference(R), take(), take(20)}.
spawn_request_error_only() -> S = self(), spawn_request(fun() -> S ! started end, [{reply, error_only}]), {take(), take(20)}.
spawn_request_bad_option() -> R = spawn_request(fun() -> ok end, [foo]), receive {spawn_reply, R, error, X} -> X after 1000 -> none end.
spawn_request_wrong() -> [err(fun() -> spawn_request(id(a)) end), err(fun() -> spawn_request(fun() -> ok end, id(a)) end), err(fun() -> spawn_request(m, id(1), []) end)].
spawn_request_abandon() -> R = spawn_request(fun() -> ok end), {is_boolean(spawn_request_abandon(R)), spawn_request_abandon(make_ref())}.
spawn_request_link() -> process_flag(trap_exit, true), R = spawn_request(fun() -> exit(bye) end, [link]), receive {spawn_reply, R, ok, P} -> receive {'EXIT', P, X} -> X end end.
spawn_many() -> S = self(), [spawn(fun() -> S ! N end) || N <- lists:seq(1, 2000)], lists:sum([receive N -> N end || _ <- lists:seq(1, 2000)]).
spawn_args_survive_parent() -> S = self(), spawn(fun() -> A = lists:seq(1, 1000), spawn(?MODULE, sum_to_, [S, A, binary:copy(<<1>>, 200)]), erlang:garbage_collect() end), take().
sum_to_(S, A, B) -> erlang:garbage_collect(), S ! {lists:sum(A), byte_size(B)}.
spawn_tree() -> in_process(fun() -> tree_(8) end).
tree_(0) -> 1;
tree_(N) -> S = self(), [spawn_link(fun() -> S ! {sum, tree_(N - 1)} end) || _ <- [1, 2]], receive {sum, A} -> receive {sum, B} -> A + B end end.
send_forms() -> self() ! a, erlang:send(self(), b), erlang:send(self(), c, []), X = (self() ! d), {X, flush()}.
send_options() -> [erlang:send(self(), a, [nosuspend]), erlang:send(self(), b, [noconnect]), erlang:send_nosuspend(self(), c), erlang:send_nosuspend(self(), d, []), flush(), err(fun() -> erlang:send(self(), a, id([foo])) end), err(fun() -> erlang:send(self(), a, id(x)) end)].
send_to_dead() -> {P, R} = spawn_monitor(fun() -> ok end), gone(P, R), P ! hello.
send_to_name() -> register(me_here, self()), me_here ! a, erlang:send(me_here, b), {me_here, node()} ! c, erlang:send({me_here, node()}, d), unregister(me_here), flush().
send_to_missing_name() -> [err(fun() -> id(no_such_name) ! a end), {no_such_name, node()} ! a, err(fun() -> erlang:send(id(no_such_name), a) end)].
send_wrong() -> [err(fun() -> id(1) ! a end), err(fun() -> id("x") ! a end), err(fun() -> id({a, b, c}) ! a end), err(fun() -> id({1, node()}) ! a end), stack(fun() -> id(1) ! a end)].
send_large() -> X = {lists:seq(1, 10000), binary:copy(<<"a">>, 10000), #{K => K || K <- lists:seq(1, 100)}}, P = spawn(fun echo_/0), P ! {self(), X}, receive {P, Y} -> Y =:= X end.
send_order_one_sender() -> S = self(), spawn(fun() -> [S ! N || N <- lists:seq(1, 5000)] end), L = [receive N -> N end || _ <- lists:seq(1, 5000)], L =:= lists:seq(1, 5000).
send_order_many_senders() -> S = self(), Ps = [spawn(fun() -> [S ! {self(), N} || N <- lists:seq(1, 500)] end) || _ <- lists:seq(1, 10)], All = [receive {P, N} -> {P, N} end || _ <- lists:seq(1, 5000)], lists:all(fun(P) -> [N || {Q, N} <- All, Q =:= P] =:= lists:seq(1, 500) end, Ps).
send_self_pid_stays() -> S = self(), P = spawn(fun B() -> receive {F, X} -> F ! {same, X =:= F}, ok after 0 -> B() end end), P ! {S, S}, take().
receive_first() -> self() ! a, self() ! b, receive X -> X end.
receive_selective() -> [self() ! M || M <- [{x, 1}, {y, 2}, {x, 3}, z]], A = receive {y, V} -> V end, B = receive z -> z end, {A, B, flush()}.
receive_guard() -> [self() ! M || M <- [1, 20, 3]], A = receive X when X > 10 -> X end, {A, flush()}.
receive_after() -> receive x -> y after 0 -> none end.
receive_after_time() -> receive x -> y after 10 -> timed end.
receive_after_expression() -> T = id(5), receive x -> y after T * 2 -> timed end.
receive_after_infinity() -> self() ! x, receive x -> y after infinity -> never end.
receive_after_wrong() -> [err(fun() -> T = id(X), receive x -> y after T -> z end end) || X <- [a, -1, 1.5, 1 bsl 40]].
receive_after_only() -> receive after 5 -> slept end.
receive_nested() -> self() ! a, self() ! b, self() ! c, receive b -> receive c -> receive a -> ok end end end.
receive_in_function_arg() -> self() ! 1, self() ! 2, id({receive X -> X end, receive Y -> Y end}).
receive_many_clauses() -> [begin self() ! M, receive {a, X} -> {ra, X}; {b, X, Y} -> {rb, X, Y}; [X | _] -> {list, X}; #{k := V} -> {map, V}; <<B, _/binary>> -> {bin, B}; X when is_integer(X) -> {int, X}; X when is_atom(X) -> {atom, X}; _ -> other end end || M <- [{a, 1}, {b, 2, 3}, [4], #{k => 5}, <<6, 7>>, 8, nine, 1.5]].
receive_leaves_order() -> [self() ! N || N <- lists:seq(1, 10)], receive 5 -> ok end, receive 7 -> ok end, flush().
receive_long_queue() -> [self() ! {n, N} || N <- lists:seq(1, 10000)], self() ! last, receive last -> ok end, length(flush()).
receive_marker() -> P = spawn(fun Loop() -> receive {F, R, X} -> F ! {R, X}, Loop() end end), [self() ! {junk, N} || N <- lists:seq(1, 20000)], R = lists:sum([call_(P, N) || N <- lists:seq(1, 500)]), {R, length(flush())}.
call_(P, X) -> Ref = monitor(process, P), P ! {self(), Ref, X}, receive {Ref, Y} -> demonitor(Ref, [flush]), Y; {'DOWN', Ref, _, _, Y} -> {down, Y} end.
receive_with_ref() -> P = spawn(fun Loop() -> receive {F, R, X} -> F ! {R, X * 2}, Loop() end end), [self() ! noise || _ <- lists:seq(1, 1000)], L = [begin R = make_ref(), P ! {self(), R, N}, receive {R, Y} -> Y end end || N <- lists:seq(1, 50)], {L, length(flush())}.
receive_in_try() -> self() ! x, try receive x -> throw(got) end catch T -> T end.
receive_timeout_then_message() -> S = self(), spawn(fun() -> receive after 20 -> S ! late end end), A = receive late -> early after 1 -> timeout end, {A, take()}.
receive_heap_in_loop() -> P = spawn(fun() -> rhl_([]) end), [P ! {N, lists:duplicate(50, N)} || N <- lists:seq(1, 200)], P ! {done, self()}, take().
rhl_(A) -> receive {done, P} -> P ! lists:sum(lists:flatten(A)); Msg when is_tuple(Msg), is_map_key({element(1, Msg) rem 2, tuple_size(Msg)}, #{{0, 2} => x, {1, 2} => y}) -> rhl_([element(2, Msg) | A]) end.
mailbox_length() -> [self() ! N || N <- [1, 2, 3]], L = process_info(self(), message_queue_len), flush(), {L, process_info(self(), message_queue_len)}.
ping_pong() -> P = spawn(fun echo_/0), [begin P ! {self(), N}, receive {P, N} -> ok end end || N <- lists:seq(1, 3000)], P ! stop, done.
ring() -> S = self(), Last = lists:foldl(fun(_, Next) -> spawn(fun() -> ring_(Next) end) end, S, lists:seq(1, 200)), Last ! {tok, 0}, take().
ring_(Next) -> receive {tok, N} -> Next ! {tok, N + 1} end.
names() -> P = spawn(fun idle_/0), register(reg_a, P), R = [whereis(reg_a) =:= P, lists:member(reg_a, registered()), process_info(P, registered_name)], reg_a ! stop, R.
register_wrong() -> P = spawn(fun idle_/0), register(reg_b, P), R = [err(fun() -> register(reg_b, self()) end), err(fun() -> register(reg_c, P) end), err(fun() -> register(undefined, self()) end), err(fun() -> register(id(1), self()) end), err(fun() -> register(reg_d, id(a)) end), err(fun() -> unregister(reg_none) end), whereis(reg_none), err(fun() -> whereis(id(1)) end)], P ! stop, R.
register_dead() -> {P, R} = spawn_monitor(fun() -> ok end), gone(P, R), err(fun() -> register(reg_dead, P) end).
register_freed_by_exit() -> {P, R} = spawn_monitor(fun idle_/0), register(reg_e, P), P ! stop, gone(P, R), {whereis(reg_e), register(reg_e, self()), unregister(reg_e)}.
register_again() -> true = register(reg_f, self()), true = unregister(reg_f), true = register(reg_g, self()), whereis(reg_g) =:= self().
dictionary() -> [put(a, 1), put(a, 2), get(a), get(b), put(c, {x}), lists:sort(get_keys()), get_keys(2), lists:sort(get()), erase(a), erase(a), lists:sort(erase()), get()].
dictionary_large() -> [put({k, N}, N) || N <- lists:seq(1, 2000)], [erase({k, N}) || N <- lists:seq(1, 2000, 2)], {length(get()), get({k, 1000}), get({k, 999}), lists:sum([V || {_, V} <- get()])}.
dictionary_after_gc() -> put(big, lists:seq(1, 1000)), erlang:garbage_collect(), lists:sum(get(big)).
dictionary_of_other() -> P = spawn(fun() -> put(x, 1), idle_() end), settle_(P), process_info(P, dictionary).
dictionary_own() -> put(k, v), {dictionary, D} = process_info(self(), dictionary), D.
dictionary_key() -> put({my, "key"}, 7), put(m, n), [process_info(self(), {dictionary, {my, "key"}}), process_info(self(), {dictionary, nokey})].
flags() -> [process_flag(trap_exit, true), process_flag(trap_exit, false), process_flag(priority, high), process_flag(priority, normal), process_flag(min_heap_size, 1000) > 0, process_flag(fullsweep_after, 10) >= 0, process_flag(sensitive, false), process_flag(message_queue_data, on_heap)].
flags_wrong() -> [err(fun() -> process_flag(id(foo), true) end), err(fun() -> process_flag(trap_exit, id(a)) end), err(fun() -> process_flag(priority, id(x)) end), err(fun() -> process_flag(min_heap_size, id(-1)) end), err(fun() -> process_flag(max_heap_size, id(a)) end)].
flag_max_heap() -> [process_flag(max_heap_size, 0), process_flag(max_heap_size, #{size => 100000, kill => true, error_logger => false}), process_info(self(), max_heap_size)] .
max_heap_kills() -> {P, R} = spawn_opt(fun() -> grow_([]) end, [monitor, {max_heap_size, #{size => 50000, kill => true, error_logger => false}}]), gone(P, R).
grow_(L) -> grow_([lists:seq(1, 100) | L]).
info_status() -> P = spawn(fun idle_/0), settle_(P), [process_info(P, status), process_info(self(), status), process_info(P, current_function), process_info(P, initial_call)].
info_items() -> P = spawn_link(fun idle_/0), settle_(P), R = [process_info(P, I) || I <- [registered_name, message_queue_len, messages, trap_exit, priority, error_handler, dictionary, suspending]] ++ [element(1, process_info(P, I)) || I <- [memory, heap_size, stack_size, total_heap_size, reductions, garbage_collection, group_leader, links, monitors, monitored_by, binary, garbage_collection_info, min_heap_size, current_stacktrace, current_location, fullsweep_after, catchlevel, backtrace, sequential_trace_token, parent, async_dist, label] -- case erlang:system_info(otp_release) of "25" -> [parent, async_dist, label]; _ -> [] end], P ! stop, R.
info_list() -> P = spawn(fun idle_/0), settle_(P), process_info(P, [status, message_queue_len, trap_exit, registered_name]).
info_default_keys() -> P = spawn(fun idle_/0), settle_(P), [K || {K, _} <- process_info(P)].
info_registered_none() -> P = spawn(fun idle_/0), [process_info(P, registered_name), process_info(P, [registered_name])].
info_links() -> P = spawn_link(fun idle_/0), {links, L} = process_info(P, links), {L =:= [self()], lists:member(P, element(2, process_info(self(), links)))}.
info_monitors() -> P = spawn(fun idle_/0), R = monitor(process, P), X = {process_info(self(), monitors) =:= {monitors, [{process, P}]}, process_info(P, monitored_by) =:= {monitored_by, [self()]}}, demonitor(R), {X, process_info(self(), monitors)}.
info_monitors_by_name() -> P = spawn(fun idle_/0), register(info_mon, P), monitor(process, info_mon), R = process_info(self(), monitors) =:= {monitors, [{process, {info_mon, node()}}]}, P ! stop, R.
info_parent() -> S = self(), spawn(fun() -> S ! {process_info(self(), parent) =:= {parent, S}} end), take().
info_messages() -> self() ! a, self() ! {b}, R = process_info(self(), messages), flush(), R.
info_of_dead() -> {P, R} = spawn_monitor(fun() -> ok end), gone(P, R), [process_info(P), process_info(P, status), process_info(P, [status])].
info_wrong() -> [err(fun() -> process_info(id(a)) end), err(fun() -> process_info(self(), id(foo)) end), err(fun() -> process_info(self(), id([foo])) end), err(fun() -> process_info(id(a), status) end)].
info_stacktrace() -> P = spawn(fun() -> waits_(), ok end), settle_(P), {current_stacktrace, S} = process_info(P, current_stacktrace), [{M, F, A} || {M, F, A, _} <- S].
waits_() -> receive stop -> ok end, waited.
info_garbage() -> {garbage_collection, L} = process_info(self(), garbage_collection), [lists:keymember(K, 1, L) || K <- [minor_gcs, fullsweep_after, min_heap_size, min_bin_vheap_size, max_heap_size]].
alive() -> {P, R} = spawn_monitor(fun idle_/0), A = is_process_alive(P), P ! stop, gone(P, R), {A, is_process_alive(P), is_process_alive(self()), err(fun() -> is_process_alive(id(a)) end)}.
all_processes() -> P = spawn(fun idle_/0), {lists:member(P, processes()), lists:member(self(), processes()), length(processes()) > 1}.
leader() -> S = self(), G = spawn(fun idle_/0), P = spawn(fun() -> receive go -> S ! {gl, group_leader()} end end), true = group_leader(G, P), P ! go, receive {gl, X} -> X =:= G end.
leader_inherited() -> S = self(), spawn(fun() -> S ! {gl, group_leader()} end), receive {gl, X} -> X =:= group_leader() end.
group_leader_wrong() -> [err(fun() -> group_leader(id(a), self()) end), err(fun() -> group_leader(self(), id(a)) end)].
hibernate() -> S = self(), P = spawn(fun() -> put(kept, yes), erlang:hibernate(?MODULE, wake_, [S, {state, 1}]) end), settle_(P), I = process_info(P, current_function), P ! go, {I, take()}.
wake_(S, X) -> receive go -> S ! {woken, X, get(kept)} end.
hibernate_with_message() -> S = self(), spawn(fun() -> self() ! go, erlang:hibernate(?MODULE, wake_, [S, y]) end), take().
hibernate_forgets_catch() -> S = self(), P = spawn(fun() -> try erlang:hibernate(?MODULE, wake_exit_, [S]) catch _:_ -> S ! caught end end), R = monitor(process, P), P ! go, gone(P, R).
wake_exit_(_) -> exit(from_hibernate).
hibernate_wrong() -> err(fun() -> erlang:hibernate(id(1), f, []) end).
suspend() -> P = spawn(fun echo_/0), true = erlang:suspend_process(P), P ! {self(), x}, A = take(30), S = process_info(P, status), true = erlang:resume_process(P), receive {P, B} -> {A, S, B} end.
suspend_counts() -> P = spawn(fun echo_/0), erlang:suspend_process(P), erlang:suspend_process(P), erlang:resume_process(P), P ! {self(), x}, A = take(30), erlang:resume_process(P), receive {P, B} -> {A, B} end.
suspend_options() -> P = spawn(fun echo_/0), [erlang:suspend_process(P, [unless_suspending]), erlang:suspend_process(P, [unless_suspending]), erlang:resume_process(P)].
suspend_released_by_death() -> P = spawn(fun echo_/0), S = spawn(fun() -> erlang:suspend_process(P), receive after infinity -> ok end end), settle_(S), A = process_info(P, status), exit(S, kill), resumed_(P), P ! {self(), y}, receive {P, Y} -> {A, Y} after 2000 -> {A, stuck} end.
suspend_wrong() -> P = spawn(fun echo_/0), [err(fun() -> erlang:resume_process(P) end), err(fun() -> erlang:suspend_process(self()) end), err(fun() -> erlang:suspend_process(id(a)) end)].
yield() -> [erlang:yield(), erlang:yield()].
%% From release 28 on a monitor may be asked to hurry; `global` of 29 does.
monitor_with_priority() ->
    {P, M} = spawn_monitor(fun() -> receive stop -> exit(stopped) end end),
    Rs = case list_to_integer(erlang:system_info(otp_release)) of
             R when R >= 28 -> [erlang:monitor(process, P, [priority]), erlang:monitor(process, P, [{tag, 'T'}, priority])];
             _ -> []
         end,
    P ! stop,
    receive {'DOWN', M, process, P, W} -> W end,
    {[receive {_, X, process, P, Y} -> Y end || X <- Rs] -- [stopped, stopped], err(fun() -> erlang:monitor(process, self(), [id(foo)]) end)}.
priorities_run() -> S = self(), [spawn_opt(fun() -> S ! {done, P} end, [{priority, P}]) || P <- [low, normal, high, max]], lists:sort([take() || _ <- lists:seq(1, 4)]).
fairness() -> S = self(), P = spawn(fun Spin() -> Spin() end), Q = spawn(fun Spin() -> Spin() end), R = spawn(fun() -> S ! ran end), X = take(), [exit(Z, kill) || Z <- [P, Q, R]], X.
kill_spinning() -> {P, R} = spawn_monitor(fun Spin() -> Spin() end), timer:sleep(5), exit(P, kill), gone(P, R).
exit_spinning() -> {P, R} = spawn_monitor(fun Spin() -> Spin() end), timer:sleep(5), exit(P, stop_it), gone(P, R).
kill_without_calls() -> {P, R} = spawn_monitor(fun() -> lists:seq(1, 1000), busy_(0) end), timer:sleep(5), exit(P, kill), gone(P, R).
busy_(N) -> busy_((N + 1) band 65535).
garbage_collect_self() -> L = lists:seq(1, 1000), true = erlang:garbage_collect(), true = erlang:garbage_collect(self()), lists:sum(L).
garbage_collect_other() -> P = spawn(fun echo_/0), [erlang:garbage_collect(P), erlang:garbage_collect(P, [{type, minor}])].
garbage_collect_async() -> P = spawn(fun echo_/0), async = erlang:garbage_collect(P, [{async, req}]), receive {garbage_collect, req, X} -> X after 2000 -> none end.
garbage_collect_dead() -> {P, R} = spawn_monitor(fun() -> ok end), gone(P, R), erlang:garbage_collect(P).
garbage_under_churn() -> lists:foldl(fun(N, A) -> X = {N, lists:seq(1, N rem 50), binary:copy(<<N>>, 70)}, [X | lists:sublist(A, 20)] end, [], lists:seq(1, 5000)) =/= [].
heap_deep_structure() -> T = lists:foldl(fun(N, A) -> {N, A, [N]} end, nil, lists:seq(1, 100000)), erlang:garbage_collect(), dsum_(T, 0).
dsum_(nil, S) -> S;
dsum_({N, R, [N]}, S) -> dsum_(R, S + N).
stack_deep_with_gc() -> sd_(50000).
sd_(0) -> 0;
sd_(N) -> T = {N, [N]}, X = sd_(N - 1), {M, [M]} = T, X + M.
process_count() -> N = erlang:system_info(process_count), is_integer(N) andalso N > 0.
references() -> A = make_ref(), B = make_ref(), {A =:= B, is_reference(A), A =:= A}.
references_unique() -> length(lists:usort([make_ref() || _ <- lists:seq(1, 5000)])).
unique_integers() -> L = [erlang:unique_integer([monotonic, positive]) || _ <- lists:seq(1, 1000)], {L =:= lists:sort(L), length(lists:usort([erlang:unique_integer() || _ <- lists:seq(1, 1000)])), lists:all(fun(X) -> X > 0 end, L), err(fun() -> erlang:unique_integer(id([foo])) end)}.
alias_plain() -> A = alias(), A ! hello, X = take(), true = unalias(A), A ! again, {X, take(20), unalias(A)}.
alias_from_other() -> A = alias(), spawn(fun() -> A ! {from, other} end), take().
alias_reply_once() -> A = alias([reply]), A ! one, A ! two, {take(), take(20)}.
alias_explicit() -> A = alias([explicit_unalias]), A ! one, A ! two, {take(), take(), unalias(A)}.
alias_wrong() -> [err(fun() -> alias(id([foo])) end), err(fun() -> unalias(id(a)) end), unalias(make_ref())].
alias_of_dead() -> S = self(), {P, R} = spawn_monitor(fun() -> S ! {al, alias()} end), A = receive {al, X} -> X end, gone(P, R), A ! hello.
alias_to_ref_send() -> make_ref() ! nobody.
process_label() -> case erlang:function_exported(proc_lib, set_label, 1) of true -> proc_lib:set_label({my, label}), proc_lib:get_label(self()); false -> {my, label} end.
current_function_self() -> process_info(self(), current_function).
node_and_alive() -> [node(), node(self()), node(make_ref()), is_alive(), nodes(), err(fun() -> node(id(a)) end)].
self_in_many() -> S = self(), lists:all(fun(X) -> X =:= S end, [self() || _ <- lists:seq(1, 10)]).
%% Who asked for room has it.
info_min_heap() -> [begin P = spawn_opt(fun idle_/0, [{min_heap_size, N}]), settle_(P), R = [element(2, process_info(P, I)) >= N || I <- [heap_size, total_heap_size, min_heap_size]], exit(P, kill), R end || N <- [10, 1000, 10000, 100000]].
%% A limit below what is asked for as the least makes no sense.
max_heap_below_min() -> {_, Min} = process_info(self(), min_heap_size), [err(fun() -> process_flag(max_heap_size, id(M)) end) || M <- [Min - 1, #{size => Min - 1}, 1]] ++
    [case err(fun() -> spawn_opt(fun() -> ok end, id(O)) end) of {value, P} when is_pid(P) -> spawned; E -> E end || O <- [[{max_heap_size, 100}], [{max_heap_size, 10000}, {min_heap_size, 20000}], [{max_heap_size, 20000}, {min_heap_size, 10000}], [{max_heap_size, 0}, {min_heap_size, 1000}]]].
info_hibernated() -> P = spawn_opt(fun() -> erlang:hibernate(?MODULE, idle_, []) end, [{min_heap_size, 10000}]), settle_(P), R = element(2, process_info(P, heap_size)) < 100, exit(P, kill), R.
%% The answer is a message; one who is gone is told of, and no error.
suspend_asynchronous() ->
    P = spawn(fun suspended_/0), Take = fun() -> receive M -> M after 20000 -> none end end,
    A = [{erlang:suspend_process(P, id([{asynchronous, T} | More])), Take()} || {T, More} <- [{t1, []}, {t2, [unless_suspending]}, {{big, ["t3", 1.5]}, []}, {t4, [{asynchronous, t5}, asynchronous]}]],
    P ! {w, self()},
    {suspending, [{P, N, 0}]} = process_info(self(), suspending),
    Early = receive w -> w after 0 -> none end,
    [true = erlang:resume_process(P) || _ <- lists:seq(1, N)], W = Take(),
    M = monitor(process, P), P ! stop, receive {'DOWN', M, _, _, _} -> ok end,
    B = [{err(fun() -> erlang:suspend_process(P, id(O)) end), receive X -> X after 0 -> none end} || O <- [[asynchronous], [], [{asynchronous, a, b}], [asynchron], [asynchronous | x]]],
    {A, N, Early, W, B, {erlang:suspend_process(P, [{asynchronous, t6}]), Take()}, {erlang:suspend_process(P, [{asynchronous, t7}, unless_suspending]), Take()},
        err(fun() -> erlang:suspend_process(self(), [{asynchronous, x}]) end)}.
suspended_() -> receive {w, X} -> X ! w, suspended_(); stop -> ok end.
