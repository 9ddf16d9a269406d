%% SPDX-License-Identifier: Apache-2.0
-module(b_foldl).
-export([main/1]).

main([S]) when is_list(S) -> main(list_to_integer(S));
main([A]) when is_atom(A) -> main(list_to_integer(atom_to_list(A)));
main(N) when is_integer(N) ->
    Self = self(),
    spawn(fun() -> Self ! {done, run(N)} end),
    receive {done, R} -> erlang:display({?MODULE, R}) end.

run(N) -> L = lists:seq(1, 10000), loop(N, L, 0).

loop(0, _, A) -> A;
loop(N, L, A) -> loop(N - 1, L, fold(fun(X, Acc) -> X + Acc end, A, L) band 16#ffffffff).

fold(F, A, [H | T]) -> fold(F, F(H, A), T);
fold(_, A, []) -> A.
