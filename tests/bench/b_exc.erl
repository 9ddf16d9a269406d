%% SPDX-License-Identifier: Apache-2.0
-module(b_exc).
-export([main/1]).

main([S]) when is_list(S) -> main(list_to_integer(S));
main([A]) when is_atom(A) -> main(list_to_integer(atom_to_list(A)));
main(N) when is_integer(N) ->
    Self = self(),
    spawn(fun() -> Self ! {done, run(N)} end),
    receive {done, R} -> erlang:display({?MODULE, R}) end.

run(N) -> loop(N, 0).

loop(0, A) -> A;
loop(N, A) ->
    X = try f(N) catch throw:{v, V} -> V; error:badarith -> 1; error:{badmatch, _} -> 2 end,
    Y = (catch g(N)),
    Z = try h(N) of K -> K + 1 catch _:_ -> 0 after ok end,
    W = case Y of {'EXIT', _} -> 5; _ -> Y end,
    loop(N - 1, (A + X + Z + W) band 16#ffffffff).

f(N) when N rem 3 =:= 0 -> throw({v, N});
f(N) when N rem 3 =:= 1 -> N / zero(N);
f(N) -> {a, B} = mk(N), B.

g(N) when N rem 4 =:= 0 -> throw(N);
g(N) -> deep(N rem 10, N).

deep(0, N) -> N;
deep(K, N) -> 1 + deep(K - 1, N).

h(N) when N rem 5 =:= 0 -> erlang:error(bad);
h(N) -> N.

zero(N) -> N - N.
mk(N) -> {b, N}.
