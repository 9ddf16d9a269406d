%% SPDX-License-Identifier: Apache-2.0
%% Requests at even intervals to a process that is idle otherwise, beside processes that never are. From when its timer was due to when the
%% answer was there: {latency, Kind, Median, P99, Most} in microseconds for each kind of load.
-module(latency).
-export([main/1]).

main([Text]) -> main(list_to_integer(Text));
main(N) ->
    Echo = spawn_link(fun echo/0),
    [begin
         Pids = load(Kind),
         receive after 100 -> ok end,
         {Median, P99, Most} = requests(Echo, N),
         [exit(P, kill) || P <- Pids],
         io:format("{latency,~p,~p,~p,~p}~n", [Kind, Median, P99, Most])
     end || Kind <- [rest, spin, collect, crash, all]],
    ok.

echo() -> receive {From, I} -> From ! {reply, I}, echo() end.

load(rest) -> [];
load(spin) -> [spawn(fun() -> spin(0) end) || _ <- lists:seq(1, 8)];
load(collect) -> [spawn(fun() -> eat() end) || _ <- [1, 2]];
load(crash) -> [spawn(fun() -> crash() end) || _ <- lists:seq(1, 4)];
load(all) -> lists:append([load(Kind) || Kind <- [spin, collect, crash]]).

spin(N) -> spin(N + 1).

%% Up to some 50 MB that live, again and again.
eat() -> eat(900000, []).
eat(0, _) -> eat();
eat(N, L) -> eat(N - 1, [{N, L} | L]).

crash() ->
    {_, Ref} = spawn_monitor(fun() -> exit(doomed) end),
    receive {'DOWN', Ref, _, _, _} -> crash() end.

requests(Echo, N) ->
    Start = erlang:monotonic_time(millisecond) + 10,
    Late = lists:sort([request(Echo, Start + I * 5, I) || I <- lists:seq(1, N)]),
    {lists:nth(max(1, N div 2), Late), lists:nth(max(1, N * 99 div 100), Late), lists:last(Late)}.

request(Echo, Due, I) ->
    erlang:start_timer(Due, self(), I, [{abs, true}]),
    receive {timeout, _, I} -> Echo ! {self(), I} end,
    receive {reply, I} -> erlang:monotonic_time(microsecond) - Due * 1000 end.
