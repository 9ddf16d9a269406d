%% SPDX-License-Identifier: Apache-2.0
-module(b_pingpong).
-export([main/1]).

main([S]) when is_list(S) -> main(list_to_integer(S));
main([A]) when is_atom(A) -> main(list_to_integer(atom_to_list(A)));
main(N) when is_integer(N) ->
    Self = self(),
    spawn(fun() -> Self ! {done, run(N)} end),
    receive {done, R} -> erlang:display({?MODULE, R}) end.

run(N) ->
    Self = self(),
    P = spawn(fun() -> pong() end),
    ping(N, P, Self, 0).

ping(0, P, _, Acc) -> P ! stop, Acc;
ping(N, P, Self, Acc) ->
    P ! {ping, Self, N},
    receive {pong, M} -> ping(N - 1, P, Self, Acc + M) end.

pong() ->
    receive
        {ping, From, N} -> From ! {pong, N}, pong();
        stop -> ok
    end.
