%% SPDX-License-Identifier: Apache-2.0
-module(b_qsort).
-export([main/1]).

main([S]) when is_list(S) -> main(list_to_integer(S));
main([A]) when is_atom(A) -> main(list_to_integer(atom_to_list(A)));
main(N) when is_integer(N) ->
    Self = self(),
    spawn(fun() -> Self ! {done, run(N)} end),
    receive {done, R} -> erlang:display({?MODULE, R}) end.

run(N) -> loop(N, rnd(20000, 42, []), 0).

loop(0, _, Acc) -> Acc;
loop(N, L, Acc) -> loop(N - 1, L, Acc + lists:nth(100, qsort(L))).

rnd(0, _, A) -> A;
rnd(N, S, A) ->
    S1 = (S * 1103515245 + 12345) band 16#7fffffff,
    rnd(N - 1, S1, [S1 bsr 8 | A]).

qsort(L) -> qsort(L, []).
qsort([], Tail) -> Tail;
qsort([P | T], Tail) ->
    {Lo, Hi} = part(T, P, [], []),
    qsort(Lo, [P | qsort(Hi, Tail)]).

part([], _, Lo, Hi) -> {Lo, Hi};
part([H | T], P, Lo, Hi) when H < P -> part(T, P, [H | Lo], Hi);
part([H | T], P, Lo, Hi) -> part(T, P, Lo, [H | Hi]).
