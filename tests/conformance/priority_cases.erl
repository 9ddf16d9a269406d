%% SPDX-License-Identifier: Apache-2.0
%% Since release 29.
%% Priority messages: what is sent so through an alias for it stands before the ordinary messages; exit signals through aliases.
-module(priority_cases).
-compile([export_all, nowarn_export_all]).
-import(conformance, [id/1, err/1, flush/0]).

%% What a process of its own answers; a second one that the fun makes is told apart from it.
own_(F) ->
    S = self(),
    {P, M} = spawn_monitor(fun() -> process_flag(trap_exit, true), S ! {self(), F()} end),
    receive {'DOWN', M, _, _, R} -> receive {P, V} -> V after 0 -> {died, R} end end.
names_() -> [name_(X) || X <- flush()].
name_({'DOWN', _, process, _, R}) -> {down, R};
name_({'EXIT', _, R}) -> {exit, R};
name_(X) -> X.
%% One that ends with what it is told, and how to wait for that.
ends_() -> spawn(fun() -> receive X -> exit(X) end end).
gone_(P) -> M = monitor(process, P), receive {'DOWN', M, _, _, _} -> ok end.

sends() -> own_(fun() -> A = alias([priority]), self() ! a, self() ! b, [erlang:send(A, T, O) || {T, O} <- [{p1, [priority]}, {p2, [priority]}, {o1, []}, {p3, [priority, nosuspend]}]], A ! o2, names_() end).
ordinary_alias() -> own_(fun() -> A = alias(), self() ! a, erlang:send(A, p1, [priority]), erlang:send(self(), p2, [priority]), names_() end).
reply_alias() -> own_(fun() -> A = alias([priority, reply]), self() ! a, erlang:send(A, p1, [priority]), erlang:send(A, p2, [priority]), names_() end).
no_alias() -> own_(fun() -> A = alias([priority]), unalias(A), self() ! a, {erlang:send(A, p1, [priority]), names_()} end).
from_another() ->
    own_(fun() -> S = self(), A = alias([priority]), self() ! a, {P, M} = spawn_monitor(fun() -> S ! b, erlang:send(A, p1, [priority]), S ! c, erlang:send(A, p2, [priority]) end),
        receive {'DOWN', M, _, P, _} -> names_() end end).
%% A receive that has passed by the ordinary ones sees it.
waits() -> own_(fun() -> S = self(), A = alias([priority]), self() ! a, self() ! b, spawn(fun() -> S ! c, erlang:send(A, {p, 1}, [priority]) end), receive {p, X} -> {X, names_()} end end).
waits_twice() ->
    own_(fun() -> S = self(), A = alias([priority]), self() ! a,
        spawn(fun() -> [erlang:send(A, {p, N}, [priority]) || N <- lists:seq(1, 20)], S ! done end), receive done -> ok end,
        {[receive {p, N} -> N end || N <- lists:seq(20, 1, -2)], names_()} end).
%% A receive for a fresh reference begins behind what is older, but not behind these.
marked() -> own_(fun() -> self() ! a, A = alias([priority]), R = make_ref(), self() ! b, erlang:send(A, {R, v}, [priority]), receive {R, V} -> {V, names_()} end end).
marked_down() -> own_(fun() -> self() ! a, P = ends_(), M = monitor(process, P, [priority]), P ! bye, gone_(P), receive {'DOWN', M, _, _, R} -> {R, names_()} end end).
marked_call() ->
    own_(fun() -> S = self(), A = alias([priority]), self() ! a, erlang:send(A, p, [priority]), R = make_ref(), spawn(fun() -> S ! {R, v} end), receive {R, V} -> {V, names_()} end end).
flushed() -> own_(fun() -> self() ! a, P = ends_(), M = monitor(process, P, [priority]), P ! bye, gone_(P), {demonitor(M, [flush]), names_()} end).
monitors() ->
    [own_(fun() -> P = ends_(), self() ! a, M = monitor(process, P, id(O)), P ! bye, gone_(P), erlang:send(M, through, [priority]), names_() end)
        || O <- [[], [priority], [priority, priority], [{alias, demonitor}], [{alias, demonitor}, priority], [priority, {alias, explicit_unalias}], [{alias, explicit_unalias}], [{alias, reply_demonitor}, priority], [{tag, t}, priority] -- [{tag, t}]]].
monitor_tag() -> own_(fun() -> P = ends_(), self() ! a, monitor(process, P, [{tag, {t, "x"}}, priority]), P ! bye, gone_(P), [case X of {{t, _}, _, _, _, R} -> R; _ -> X end || X <- flush()] end).
monitor_nobody() -> own_(fun() -> self() ! a, P = ends_(), P ! bye, gone_(P), monitor(process, P, [priority]), receive {'DOWN', _, _, _, R} -> {R, names_()} end end).
monitor_self() -> own_(fun() -> self() ! a, [begin M = monitor(process, self(), O), M ! y, {erlang:send(M, x, [priority]), unalias(M)} end || O <- [[{alias, explicit_unalias}, priority], [{alias, demonitor}]]] ++ names_() end).
spawned() -> own_(fun() -> self() ! a, {P, _} = spawn_opt(fun() -> receive X -> exit(X) end end, [{monitor, [priority]}]), P ! z, gone_(P), names_() end).
exits() -> own_(fun() -> A = alias([priority]), self() ! a, exit(A, x1, [priority]), exit(A, x2), exit(self(), x3, [priority]), names_() end).
many() ->
    own_(fun() -> S = self(), A = alias([priority]), {P, M} = spawn_monitor(fun() -> [case N rem 3 of 0 -> erlang:send(A, {p, N}, [priority]); _ -> S ! N end || N <- lists:seq(1, 300)] end),
        receive {'DOWN', M, _, P, _} -> ok end, erlang:garbage_collect(), L = names_(), {Ps, Os} = lists:partition(fun is_tuple/1, L), {Ps ++ Os =:= L, Os =:= lists:sort(Os), Ps =:= lists:sort(Ps), length(L)} end).
options() ->
    [err(fun() -> erlang:send(self(), x, id(O)) end) || O <- [[priority], [priority | x], [prio]]]
        ++ [err(fun() -> is_reference(alias(id(O))) end) || O <- [[priority], [priority | x], [prio], priority]]
        ++ [err(fun() -> is_reference(monitor(process, self(), id(O))) end) || O <- [[{priority, true}], [{priority}], [priority]]].

%% --- exit signals through an alias of another process

through_alias() ->
    [{O, Trap, R, N, through_(O, Trap, R, fun(A) -> case N of two -> exit(A, R); _ -> exit(A, R, id([])) end end, Un)}
        || Un <- [false, true], O <- [[], [reply], [priority]], {Trap, R} <- [{true, r}, {false, r}, {true, kill}, {false, normal}, {true, normal}], N <- [two, three]].
through_alias_first() -> [through_(O, true, r, fun(A) -> exit(A, r, [priority]) end, false) || O <- [[], [priority], [priority, reply]]].
through_(O, Trap, _, Exit, Un) ->
    S = self(),
    {P, M} = spawn_monitor(fun() ->
        process_flag(trap_exit, Trap), self() ! before, A = alias(O), Un andalso unalias(A), S ! {alias, A},
        receive go -> ok end, Still = unalias(A), exit({fine, Still, [name_(X) || X <- flush()]}) end),
    A = receive {alias, X} -> X end,
    V = Exit(A), A ! last, P ! go,
    {V, receive {'DOWN', M, _, _, W} -> W end}.
