%% SPDX-License-Identifier: Apache-2.0
%% What test_fair.c runs in namespaces that compete.
-module(fair_target).
-export([nothing/0, spin/1, spin_for/1, spinners/1, progress/0, doze/1, ranks/0, loud_spinners/1, eaters/1, crashers/1]).

nothing() -> ok.

spin(N) -> spin(N + 1).

spin_for(0) -> ok;
spin_for(N) -> spin_for(N - 1).

spinners(0) -> ok;
spinners(N) ->
    spawn(?MODULE, spin, [0]),
    spinners(N - 1).

%% Those of the spinners that have not run at all while the busiest of them had a thousand slices.
progress() ->
    Pids = [P || P <- processes(), {current_function, {?MODULE, spin, 1}} <- [process_info(P, current_function)]],
    Before = [done(P) || P <- Pids],
    progress(Pids, Before).

progress(Pids, Before) ->
    Since = subtract([done(P) || P <- Pids], Before),
    case greatest(Since, 0) of
        Most when Most < 4000000 -> receive after 5 -> progress(Pids, Before) end;
        _ -> [N || N <- Since, N =:= 0]
    end.

done(P) -> element(2, process_info(P, reductions)).

subtract([A | As], [B | Bs]) -> [A - B | subtract(As, Bs)];
subtract([], []) -> [].

greatest([A | As], M) when A > M -> greatest(As, A);
greatest([_ | As], M) -> greatest(As, M);
greatest([], M) -> M.

%% Wakes up N times, does little, and passes a message on.
doze(N) ->
    Self = self(),
    Echo = spawn(fun Echo() -> receive stop -> ok; M -> Self ! M, Echo() end end),
    doze(N, Echo).

doze(0, Echo) -> Echo ! stop, ok;
doze(N, Echo) ->
    receive after 1 -> ok end,
    Echo ! N,
    receive N -> doze(N - 1, Echo) end.

%% Of one process per priority, started in the order of the ranks reversed while nobody else can run: the order in which they were run.
ranks() ->
    process_flag(priority, max),
    Self = self(),
    Start = fun(Priority) ->
        spawn(fun() -> process_flag(priority, Priority), Self ! ready, receive go -> ok end, Self ! {Priority, work(20000)} end)
    end,
    Pids = [Start(P) || P <- [low, normal, high, max]],
    [receive ready -> ok end || _ <- Pids],
    [P ! go || P <- Pids],
    [receive {P, _} -> P end || _ <- Pids].

work(0) -> 0;
work(N) -> 1 + work(N - 1).

loud_spinners(0) -> ok;
loud_spinners(N) ->
    process_flag(priority, max),
    spawn(fun() -> process_flag(priority, max), spin(0) end),
    loud_spinners(N - 1).

%% Each takes memory up to the limit that is set, again and again.
eaters(0) -> ok;
eaters(N) ->
    spawn(fun eater/0),
    eaters(N - 1).

eater() ->
    {_, Ref} = spawn_monitor(fun() -> eat([]) end),
    receive {'DOWN', Ref, _, _, _} -> eater() end.

eat(L) -> eat([{L, 1, 2, 3} | L]).

%% Each has children that crash at once.
crashers(0) -> ok;
crashers(N) ->
    spawn(fun crasher/0),
    crashers(N - 1).

crasher() ->
    {_, Ref} = spawn_monitor(fun() -> exit(doomed) end),
    receive {'DOWN', Ref, _, _, _} -> crasher() end.
