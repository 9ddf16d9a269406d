%% SPDX-License-Identifier: Apache-2.0
-module(b_ring).
-export([main/1]).

main([S]) when is_list(S) -> main(list_to_integer(S));
main([A]) when is_atom(A) -> main(list_to_integer(atom_to_list(A)));
main(N) when is_integer(N) ->
    Self = self(),
    spawn(fun() -> Self ! {done, run(N)} end),
    receive {done, R} -> erlang:display({?MODULE, R}) end.

%% 1000 processes, token goes round N times
run(N) ->
    First = self(),
    Last = mk(1000, First),
    Last ! {tok, N * 1000},
    wait(Last, 0).

mk(0, Prev) -> Prev;
mk(K, Prev) -> mk(K - 1, spawn(fun() -> node_loop(Prev) end)).

node_loop(Next) ->
    receive
        {tok, 0} -> Next ! stop;
        {tok, N} -> Next ! {tok, N - 1}, node_loop(Next);
        stop -> Next ! stop
    end.

wait(Last, C) ->
    receive
        {tok, 0} -> Last ! stop, wait(Last, C);
        {tok, N} -> Last ! {tok, N - 1}, wait(Last, C + 1);
        stop -> C
    end.
