%% SPDX-License-Identifier: Apache-2.0
-module(b_mandel).
-export([main/1]).

main([S]) when is_list(S) -> main(list_to_integer(S));
main([A]) when is_atom(A) -> main(list_to_integer(atom_to_list(A)));
main(N) when is_integer(N) ->
    Self = self(),
    spawn(fun() -> Self ! {done, run(N)} end),
    receive {done, R} -> erlang:display({?MODULE, R}) end.

run(N) -> rows(0, N, 0).

rows(Y, N, A) when Y =:= N -> A;
rows(Y, N, A) -> rows(Y + 1, N, cols(0, Y, N, A)).

cols(X, _, N, A) when X =:= N -> A;
cols(X, Y, N, A) ->
    Cr = 2.0 * X / N - 1.5, Ci = 2.0 * Y / N - 1.0,
    cols(X + 1, Y, N, A + iter(50, 0.0, 0.0, Cr, Ci)).

iter(0, _, _, _, _) -> 1;
iter(K, Zr, Zi, Cr, Ci) when is_float(Zr), is_float(Zi), is_float(Cr), is_float(Ci) ->
    R2 = Zr * Zr, I2 = Zi * Zi,
    if R2 + I2 > 4.0 -> 0;
       true -> iter(K - 1, R2 - I2 + Cr, 2.0 * Zr * Zi + Ci, Cr, Ci)
    end.
