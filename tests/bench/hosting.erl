%% SPDX-License-Identifier: Apache-2.0
%% What the services of tests/bench/hosting run. Each function of arity 0 is the start function of one kind of service.
-module(hosting).
-export([good/0, crash/0, children/0, mint/0, log/0, eat/0, spin/0, latency/2, init/1, child/0, doomed/0]).

%% Answers requests, and is idle otherwise.
good() ->
    register(good, self()),
    serve().

serve() ->
    receive {request, From, N} -> From ! {reply, N}, serve() end.

%% Timers that are due Every milliseconds, and a request to `good` at each: microseconds from when it was due to when the reply was there.
latency(N, Every) ->
    Start = erlang:monotonic_time(millisecond) + 10,
    Late = lists:sort([request(Start + I * Every, I) || I <- lists:seq(1, N)]),
    list_to_tuple([lists:nth(max(1, round(N * P)), Late) || P <- [0.5, 0.99, 1.0]]).

request(Due, I) ->
    erlang:start_timer(Due, self(), I, [{abs, true}]),
    receive {timeout, _, I} -> good ! {request, self(), I} end,
    receive {reply, I} -> erlang:monotonic_time(microsecond) - Due * 1000 end.

crash() ->
    receive after 200 -> exit({crashed, on_purpose}) end.

%% About a thousand crashes a second, under a supervisor.
children() ->
    {ok, _} = supervisor:start_link({local, hosting}, ?MODULE, []),
    receive never -> ok end.

init(_) ->
    {ok, {{one_for_one, 1000000000, 1}, [#{id => I, start => {?MODULE, child, []}} || I <- lists:seq(1, 3)]}}.

child() -> {ok, proc_lib:spawn_link(?MODULE, doomed, [])}.

doomed() -> receive after 2 -> error(doomed) end.

%% Atoms without bound.
mint() -> mint(0).
mint(N) ->
    try list_to_atom("minted_" ++ integer_to_list(N)) catch error:system_limit -> receive after 1 -> ok end end,
    mint(N + 1).

log() -> log(0).
log(N) ->
    logger:error("entry ~p of a service that never stops complaining", [N]),
    io:format("line ~p of a service that never stops talking~n", [N]),
    log(N + 1).

eat() -> eat([]).
eat(L) -> eat([{L, 1, 2, 3} | L]).

spin() ->
    [spawn_link(fun() -> spin(0) end) || _ <- lists:seq(1, 8)],
    spin(0).
spin(N) -> spin(N + 1).
