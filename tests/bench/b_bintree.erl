%% SPDX-License-Identifier: Apache-2.0
-module(b_bintree).
-export([main/1]).

main([S]) when is_list(S) -> main(list_to_integer(S));
main([A]) when is_atom(A) -> main(list_to_integer(atom_to_list(A)));
main(N) when is_integer(N) ->
    Self = self(),
    spawn(fun() -> Self ! {done, run(N)} end),
    receive {done, R} -> erlang:display({?MODULE, R}) end.

run(N) ->
    Long = mk(N),
    R = iters(4, N, 0),
    {R, check(Long)}.

iters(D, Max, Acc) when D > Max -> Acc;
iters(D, Max, Acc) ->
    It = 1 bsl (Max - D + 4),
    iters(D + 2, Max, Acc + rep(It, D, 0)).

rep(0, _, A) -> A;
rep(I, D, A) -> rep(I - 1, D, A + check(mk(D))).

mk(0) -> {nil, nil};
mk(D) -> {mk(D - 1), mk(D - 1)}.

check({nil, nil}) -> 1;
check({L, R}) -> 1 + check(L) + check(R).
