%% SPDX-License-Identifier: Apache-2.0
%% Links, monitors and exit signals: the fifteen published cases of beamr 0.3.15 as OTP answers them, and the tests that upstream lacks.
-module(supervision_cases).
-compile([export_all, nowarn_export_all]).
-import(conformance, [id/1, err/1, stack/1, sorted/1, in_process/1, flush/0, take/0, take/1, down/1, died/1, gone/2, frames/1]).

idle_() -> receive stop -> ok; {stop, R} -> exit(R) end.
trapping_(F) -> process_flag(trap_exit, true), R = F(), process_flag(trap_exit, false), R.
exits_(0) -> exits_();
exits_(N) -> receive {'EXIT', _, R} -> [R | exits_(N - 1)] after 5000 -> [] end.
exits_() -> receive {'EXIT', _, R} -> [R | exits_()] after 50 -> [] end.
settle_(P) -> case process_info(P, status) of {status, running} -> timer:sleep(1), settle_(P); {status, runnable} -> timer:sleep(1), settle_(P); _ -> ok end.

%% The fifteen.
c01_error_exit_kills_linked() -> S = self(), {A, R} = spawn_monitor(fun() -> P = spawn_link(fun() -> receive go -> exit(boom) end end), S ! {peer, P}, receive never -> ok end end), receive {peer, P} -> P ! go end, gone(A, R).
c02_normal_exit_does_not() -> S = self(), {A, R} = spawn_monitor(fun() -> P = spawn_link(fun() -> ok end), M = monitor(process, P), receive {'DOWN', M, _, _, X} -> S ! {peer_gone, X} end, receive stop -> exit(mine) end end), X = take(), A ! stop, {X, gone(A, R)}.
c03_trap_exit_gets_message() -> trapping_(fun() -> P = spawn_link(fun() -> exit(why) end), receive {'EXIT', P, X} -> {'EXIT', X} end end).
c04_kill_arrives_as_killed() -> {P, R} = spawn_monitor(fun idle_/0), exit(P, kill), gone(P, R).
c05_kill_cascades_as_killed() -> S = self(), {A, R} = spawn_monitor(fun() -> S ! {peer, spawn_link(fun idle_/0)}, receive never -> ok end end), receive {peer, P} -> exit(P, kill) end, gone(A, R).
c06_killed_is_trappable() -> trapping_(fun() -> P = spawn_link(fun idle_/0), exit(P, kill), receive {'EXIT', P, X} -> X end end).
c07_down_with_reference() -> P = spawn(fun idle_/0), R = monitor(process, P), P ! {stop, r}, receive {'DOWN', R, process, P, X} -> X end.
c08_chain_dies_end_to_end() -> {A, R} = spawn_monitor(fun() -> chain_(4) end), gone(A, R).
chain_(0) -> exit(end_of_chain);
chain_(N) -> spawn_link(fun() -> chain_(N - 1) end), receive never -> ok end.
c09_link_and_monitor_both_fire() -> trapping_(fun() -> P = spawn_link(fun idle_/0), R = monitor(process, P), P ! {stop, both}, [receive {'EXIT', P, X} -> {exit, X} end, receive {'DOWN', R, process, P, Y} -> {down, Y} end] end).
c10_exit_signal_to_running() -> {P, R} = spawn_monitor(fun Spin() -> Spin() end), exit(P, to_running), gone(P, R).
c11_exit_signal_to_running_trapper() -> S = self(), P = spawn(fun() -> process_flag(trap_exit, true), S ! ready, spin_until_exit_(S) end), receive ready -> ok end, exit(P, to_trapper), take().
spin_until_exit_(S) -> receive {'EXIT', S, X} -> S ! {got, X} after 0 -> spin_until_exit_(S) end.
c12_normal_exit_to_running_trapper() -> S = self(), P = spawn(fun() -> process_flag(trap_exit, true), S ! {linked, spawn_link(fun() -> receive go -> ok end end)}, spin_until_any_exit_(S) end), receive {linked, Q} -> Q ! go end, X = take(), is_pid(P), X.
spin_until_any_exit_(S) -> receive {'EXIT', _, X} -> S ! {got, X} after 0 -> spin_until_any_exit_(S) end.
c13_link_taken_from_running() -> S = self(), {P, R} = spawn_monitor(fun Spin() -> receive {unlink, X} -> unlink(X), S ! unlinked, Spin() after 0 -> Spin() end end), link(P), {links, L} = process_info(P, links), unlink(P), {links, L2} = process_info(P, links), exit(P, kill), {L =:= [S], L2, gone(P, R)}.
c14_links_merged_into_running() -> {P, R} = spawn_monitor(fun Spin() -> Spin() end), Qs = [spawn(fun() -> link(P), receive never -> ok end end) || _ <- lists:seq(1, 20)], Ms = [monitor(process, Q) || Q <- Qs], [settle_(Q) || Q <- Qs], exit(P, wave), [gone(P, R) | lists:usort([receive {'DOWN', M, _, _, X} -> X end || M <- Ms])].
c15_two_links_one_exit() -> trapping_(fun() -> P = spawn_link(fun idle_/0), link(P), link(P), P ! {stop, once}, exits_(1) end).

%% trap_exit, kinds of reasons.
trap_each_reason() -> trapping_(fun() -> [begin P = spawn_link(F), receive {'EXIT', P, {E, [{_, _, _, _} | _]}} -> {error, E}; {'EXIT', P, X} -> X end end || F <- [fun() -> ok end, fun() -> exit(normal) end, fun() -> exit(x) end, fun() -> error(e) end, fun() -> throw(t) end, fun() -> exit(shutdown) end, fun() -> exit({shutdown, 1}) end, fun() -> exit(kill) end, fun() -> exit(killed) end, fun() -> exit({a, "b", <<"c">>}) end]] end).
no_trap_each_reason() -> [begin {A, R} = spawn_monitor(fun() -> spawn_link(fun() -> exit(X) end), receive after 500 -> exit(survived) end end), gone(A, R) end || X <- [x, shutdown, {shutdown, y}, kill, killed, {deep, [reason]}, normal]].
exit2_each_reason() -> [begin {P, R} = spawn_monitor(fun idle_/0), exit(P, X), case X of normal -> P ! stop; _ -> ok end, gone(P, R) end || X <- [x, normal, kill, killed, shutdown, {a, b}]].
exit2_each_reason_trapped() -> [begin S = self(), {P, R} = spawn_monitor(fun() -> process_flag(trap_exit, true), S ! up, receive {'EXIT', S, Y} -> exit({trapped, Y}) end end), receive up -> ok end, exit(P, X), gone(P, R) end || X <- [x, normal, kill, killed, shutdown, {a, b}]].
exit_self_normal() -> {P, R} = spawn_monitor(fun() -> exit(self(), normal), exit(survived) end), gone(P, R).
exit_self_normal_trapping() -> S = self(), spawn(fun() -> process_flag(trap_exit, true), exit(self(), normal), receive {'EXIT', _, X} -> S ! {trapped, X} end end), take().
exit_self_reason() -> {P, R} = spawn_monitor(fun() -> exit(self(), mine), receive after infinity -> ok end end), gone(P, R).
exit_self_kill_trapping() -> {P, R} = spawn_monitor(fun() -> process_flag(trap_exit, true), exit(self(), kill), receive after infinity -> ok end end), gone(P, R).
exit_kill_raised_by_itself() -> trapping_(fun() -> P = spawn_link(fun() -> exit(kill) end), receive {'EXIT', P, X} -> X end end).
exit_kill_raised_kills_linked_as_kill() -> {A, R} = spawn_monitor(fun() -> spawn_link(fun() -> exit(kill) end), receive never -> ok end end), gone(A, R).
exit2_dead() -> {P, R} = spawn_monitor(fun() -> ok end), gone(P, R), exit(P, x).
exit2_wrong() -> [err(fun() -> exit(id(a), x) end), err(fun() -> exit(id("p"), x) end), stack(fun() -> exit(id(a), x) end)].
exit_signal_order_with_messages() -> S = self(), {P, R} = spawn_monitor(fun() -> process_flag(trap_exit, true), S ! up, collect_([]) end), receive up -> ok end, P ! a, exit(P, b), P ! c, exit(P, d), P ! finish, gone(P, R).
collect_(L) -> receive finish -> exit({order, lists:reverse(L)}); {'EXIT', _, X} -> collect_([{exit, X} | L]); X -> collect_([X | L]) end.
trap_switched_off() -> {P, R} = spawn_monitor(fun() -> process_flag(trap_exit, true), process_flag(trap_exit, false), receive after infinity -> ok end end), settle_(P), exit(P, now), gone(P, R).
shutdown_after_trap() -> {P, R} = spawn_monitor(fun() -> process_flag(trap_exit, true), receive {'EXIT', _, shutdown} -> timer:sleep(2), exit({clean, shutdown}) end end), settle_(P), exit(P, shutdown), gone(P, R).

%% Links.
link_wrong() -> [err(fun() -> link(id(a)) end), err(fun() -> unlink(id(a)) end), link(self()), unlink(self())].
link_dead_trapping() -> trapping_(fun() -> {P, R} = spawn_monitor(fun() -> ok end), gone(P, R), {link(P), receive {'EXIT', P, X} -> X after 2000 -> none end} end).
link_dead_not_trapping() -> {P, R} = spawn_monitor(fun() -> ok end), gone(P, R), {A, M} = spawn_monitor(fun() -> link(P), receive after 1000 -> exit(survived) end end), gone(A, M).
link_symmetric() -> P = spawn(fun idle_/0), link(P), A = process_info(P, links) =:= {links, [self()]}, unlink(P), {A, process_info(P, links), process_info(self(), links)}.
unlink_then_crash_waiting() -> {P, R} = spawn_monitor(fun idle_/0), link(P), unlink(P), P ! {stop, crash}, {gone(P, R), exits_()}.
unlink_then_crash_running() -> {P, R} = spawn_monitor(fun Spin() -> receive die -> exit(crash) after 0 -> Spin() end end), link(P), unlink(P), P ! die, {gone(P, R), exits_()}.
unlink_with_exit_in_queue() -> trapping_(fun() -> P = spawn_link(fun() -> exit(x) end), receive after 30 -> ok end, unlink(P), receive {'EXIT', P, X} -> X after 0 -> none end end).
unlink_not_linked() -> P = spawn(fun idle_/0), {unlink(P), unlink(P), is_process_alive(P)}.
relink() -> trapping_(fun() -> P = spawn(fun idle_/0), link(P), unlink(P), link(P), P ! {stop, again}, exits_(1) end).
link_after_trap_off() -> {A, R} = spawn_monitor(fun() -> P = spawn(fun idle_/0), link(P), P ! {stop, late}, receive never -> ok end end), gone(A, R).
star_of_links() -> {A, R} = spawn_monitor(fun() -> [spawn_link(fun idle_/0) || _ <- lists:seq(1, 100)], P = spawn_link(fun idle_/0), P ! {stop, one_bad}, receive never -> ok end end), gone(A, R).
star_all_die() -> S = self(), {A, R} = spawn_monitor(fun() -> S ! [spawn_link(fun idle_/0) || _ <- lists:seq(1, 100)], receive stop -> exit(centre) end end), Ps = take(), Ms = [monitor(process, P) || P <- Ps], A ! stop, [gone(A, R) | lists:usort([receive {'DOWN', M, _, _, X} -> X end || M <- Ms])].
ring_of_links() -> S = self(), {A, R} = spawn_monitor(fun() -> F = self(), L = lists:foldl(fun(_, P) -> spawn(fun() -> link(P), S ! linked, receive never -> ok end end) end, F, lists:seq(1, 50)), link(L), S ! linked, receive never -> ok end end), [receive linked -> ok end || _ <- lists:seq(1, 51)], exit(A, ring_broken), gone(A, R).
kill_through_chain_of_four() -> S = self(), {A, R} = spawn_monitor(fun() -> kc_(S, 3) end), [receive {up, P} -> P end || _ <- lists:seq(1, 3)], receive {bottom, B} -> exit(B, kill) end, gone(A, R).
kc_(S, 0) -> S ! {bottom, self()}, receive never -> ok end;
kc_(S, N) -> spawn_link(fun() -> kc_(S, N - 1) end), S ! {up, self()}, receive never -> ok end.
kill_through_trapping_middle() -> S = self(), {A, R} = spawn_monitor(fun() -> spawn_link(fun() -> process_flag(trap_exit, true), B = spawn_link(fun idle_/0), S ! {b, B}, receive {'EXIT', B, X} -> exit({middle_saw, X}) end end), receive never -> ok end end), receive {b, B} -> exit(B, kill) end, gone(A, R).
parent_death_takes_child() -> S = self(), {A, R} = spawn_monitor(fun() -> S ! {c, spawn_link(fun idle_/0)}, receive stop -> exit(parent) end end), receive {c, C} -> ok end, M = monitor(process, C), A ! stop, {gone(A, R), gone(C, M)}.
parent_normal_leaves_child() -> S = self(), {A, R} = spawn_monitor(fun() -> S ! {c, spawn_link(fun idle_/0)} end), receive {c, C} -> ok end, X = gone(A, R), {X, is_process_alive(C)}.
exactly_one_exit_per_link() -> trapping_(fun() -> Ps = [spawn_link(fun idle_/0) || _ <- lists:seq(1, 300)], [P ! {stop, P} || P <- Ps], L = [receive {'EXIT', P, P} -> ok after 5000 -> missing end || P <- Ps], {lists:usort(L), exits_()} end).
exit_storm() -> trapping_(fun() -> Ps = [spawn_link(fun() -> spawn_link(fun() -> exit(storm) end), receive never -> ok end end) || _ <- lists:seq(1, 200)], lists:usort([receive {'EXIT', P, X} -> X after 5000 -> missing end || P <- Ps]) end).
link_storm() -> S = self(), N = 20, Ps = [spawn(fun() -> receive {all, L} -> [link(P) || P <- L, P =/= self()], S ! ready, receive never -> ok end end end) || _ <- lists:seq(1, N)], [P ! {all, Ps} || P <- Ps], [receive ready -> ok end || _ <- Ps], Ms = [monitor(process, P) || P <- Ps], exit(hd(Ps), clique), lists:usort([receive {'DOWN', M, _, _, X} -> X after 5000 -> missing end || M <- Ms]).
link_unlink_churn() -> P = spawn(fun idle_/0), [begin link(P), unlink(P) end || _ <- lists:seq(1, 2000)], {process_info(P, links), is_process_alive(P)}.
spawn_link_churn() -> trapping_(fun() -> [begin P = spawn_link(fun() -> ok end), receive {'EXIT', P, normal} -> ok end end || _ <- lists:seq(1, 1000)], {exits_(), process_info(self(), links)} end).
reason_is_copied() -> trapping_(fun() -> X = {big, lists:seq(1, 500), binary:copy(<<"b">>, 300)}, P = spawn_link(fun() -> exit({big, lists:seq(1, 500), binary:copy(<<"b">>, 300)}) end), receive {'EXIT', P, Y} -> erlang:garbage_collect(), Y =:= X end end).

%% Monitors.
monitor_reasons() -> [begin {P, R} = spawn_monitor(F), gone(P, R) end || F <- [fun() -> ok end, fun() -> error(e) end, fun() -> throw(t) end, fun() -> exit(x) end, fun() -> exit(self(), kill), receive never -> ok end end]].
monitor_dead() -> {P, R} = spawn_monitor(fun() -> ok end), gone(P, R), M = monitor(process, P), receive {'DOWN', M, process, P, X} -> X end.
monitor_twice() -> P = spawn(fun idle_/0), A = monitor(process, P), B = monitor(process, P), P ! {stop, x}, [A =/= B, receive {'DOWN', A, process, P, X} -> X end, receive {'DOWN', B, process, P, Y} -> Y end].
monitor_many() -> P = spawn(fun idle_/0), Ms = [monitor(process, P) || _ <- lists:seq(1, 500)], P ! {stop, x}, lists:usort([receive {'DOWN', M, process, P, X} -> X after 5000 -> none end || M <- Ms]).
monitor_by_name() -> P = spawn(fun idle_/0), register(sup_named, P), R = monitor(process, sup_named), P ! {stop, x}, receive {'DOWN', R, process, {N, Node}, X} -> {N, Node =:= node(), X} end.
monitor_by_name_and_node() -> P = spawn(fun idle_/0), register(sup_named2, P), R = monitor(process, {sup_named2, node()}), P ! {stop, x}, receive {'DOWN', R, process, {N, Node}, X} -> {N, Node =:= node(), X} end.
monitor_missing_name() -> R = monitor(process, no_such_name_here), receive {'DOWN', R, process, {N, Node}, X} -> {N, Node =:= node(), X} end.
monitor_self() -> R = monitor(process, self()), {is_reference(R), demonitor(R)}.
monitor_wrong() -> [err(fun() -> monitor(process, id(1)) end), err(fun() -> monitor(id(foo), self()) end), err(fun() -> monitor(process, self(), id([foo])) end), err(fun() -> demonitor(id(a)) end), err(fun() -> demonitor(make_ref(), id([foo])) end), err(fun() -> monitor(process, id({a, b, c})) end)].
monitor_tag() -> P = spawn(fun idle_/0), R = monitor(process, P, [{tag, {my, tag}}]), P ! {stop, x}, receive {{my, tag}, R, process, P, X} -> X end.
monitor_alias() -> P = spawn(fun() -> receive {A, X} -> A ! {reply, X}, receive stop -> ok end end end), R = monitor(process, P, [{alias, demonitor}]), P ! {R, 1}, X = take(), demonitor(R), R ! lost, {X, take(30)}.
monitor_alias_reply_demonitor() -> P = spawn(fun() -> receive {A, X} -> A ! {A, X}, exit(after_reply) end end), R = monitor(process, P, [{alias, reply_demonitor}]), P ! {R, 1}, X = receive {R, Y} -> Y end, {X, take(50)}.
monitor_alias_explicit() -> P = spawn(fun idle_/0), R = monitor(process, P, [{alias, explicit_unalias}]), P ! {stop, x}, X = receive {'DOWN', R, _, _, D} -> D end, R ! still, Y = take(), unalias(R), R ! gone, {X, Y, take(30)}.
monitor_alias_dies_with_down() -> P = spawn(fun idle_/0), R = monitor(process, P, [{alias, demonitor}]), P ! {stop, x}, X = receive {'DOWN', R, _, _, D} -> D end, R ! lost, {X, take(30)}.
demonitor_before() -> P = spawn(fun idle_/0), R = monitor(process, P), demonitor(R), P ! {stop, x}, take(50).
demonitor_flush() -> {P, _} = spawn_monitor(fun() -> exit(x) end), R = monitor(process, P), receive {'DOWN', _, process, P, _} -> ok end, receive after 20 -> ok end, demonitor(R, [flush]), take(20).
demonitor_info() -> P = spawn(fun idle_/0), R = monitor(process, P), [demonitor(R, [info]), demonitor(R, [info]), demonitor(R, [flush, info]), demonitor(R), demonitor(make_ref(), [info])].
demonitor_info_after_down() -> {P, R} = spawn_monitor(fun() -> exit(x) end), M = monitor(process, P), receive {'DOWN', R, _, _, _} -> ok end, receive {'DOWN', M, _, _, _} -> ok end, demonitor(M, [info]).
demonitor_of_other() -> S = self(), P = spawn(fun idle_/0), R = monitor(process, P), spawn(fun() -> S ! {res, err(fun() -> demonitor(R) end)} end), receive {res, X} -> P ! {stop, y}, {X, receive {'DOWN', R, _, _, Y} -> Y after 100 -> none end} end.
monitor_storm() -> Ps = [spawn(fun idle_/0) || _ <- lists:seq(1, 300)], Rs = [monitor(process, P) || P <- Ps, _ <- [1, 2, 3]], [exit(P, storm) || P <- Ps], lists:usort([receive {'DOWN', R, _, _, X} -> X after 5000 -> missing end || R <- Rs]).
monitor_churn() -> P = spawn(fun idle_/0), [demonitor(monitor(process, P)) || _ <- lists:seq(1, 2000)], [process_info(P, monitored_by), process_info(self(), monitors)].
monitor_watcher_dies() -> P = spawn(fun idle_/0), {W, R} = spawn_monitor(fun() -> monitor(process, P), ok end), gone(W, R), process_info(P, monitored_by).
down_after_messages() -> S = self(), {P, R} = spawn_monitor(fun() -> S ! first, S ! second, exit(third) end), [receive X -> case X of {'DOWN', R, _, P, Y} -> Y; _ -> X end end || _ <- [1, 2, 3]].
exit_message_after_messages() -> trapping_(fun() -> S = self(), P = spawn_link(fun() -> S ! first, exit(second) end), [receive {'EXIT', P, X} -> X; X -> X end || _ <- [1, 2]] end).
down_and_exit_order() -> trapping_(fun() -> P = spawn_link(fun idle_/0), R = monitor(process, P), P ! {stop, x}, lists:sort([receive {'DOWN', R, _, _, _} -> down; {'EXIT', P, _} -> exit end || _ <- [1, 2]]) end).
time_offset_monitor() -> R = monitor(time_offset, clock_service), demonitor(R).

%% A hand-made supervisor, restarting a worker.
restart_by_hand() -> trapping_(fun() -> sup_(3, []) end).
sup_(0, L) -> lists:reverse(L);
sup_(N, L) -> P = spawn_link(fun() -> exit({crashed, N}) end), receive {'EXIT', P, R} -> sup_(N - 1, [R | L]) end.
registered_worker_restart() -> trapping_(fun() -> [begin P = spawn_link(fun idle_/0), true = register(sup_worker, P), sup_worker ! {stop, {x, N}}, receive {'EXIT', P, R} -> {R, whereis(sup_worker)} end end || N <- [1, 2, 3]] end).
exit_before_started() -> {P, R} = spawn_opt(fun() -> exit(ran) end, [monitor, {priority, low}]), exit(P, early), lists:member(gone(P, R), [early, ran]).
process_dies_holding_much() -> {P, R} = spawn_monitor(fun() -> L = [binary:copy(<<N>>, 1000) || N <- lists:seq(1, 200)], [put(N, B) || {N, B} <- lists:zip(lists:seq(1, 200), L)], [spawn_link(fun idle_/0) || _ <- lists:seq(1, 50)], exit(big_death) end), gone(P, R).
message_to_dying() -> P = spawn(fun() -> receive {F, stop} -> F ! stopping, exit(done) end end), R = monitor(process, P), [P ! {self(), stop} || _ <- lists:seq(1, 100)], {gone(P, R), length(flush())}.
