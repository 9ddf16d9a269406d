%% SPDX-License-Identifier: Apache-2.0
-module(b_bignum).
-export([main/1]).

main([S]) when is_list(S) -> main(list_to_integer(S));
main([A]) when is_atom(A) -> main(list_to_integer(atom_to_list(A)));
main(N) when is_integer(N) ->
    Self = self(),
    spawn(fun() -> Self ! {done, run(N)} end),
    receive {done, R} -> erlang:display({?MODULE, R}) end.

run(N) ->
    F = fac(N, 1),
    G = lists:foldl(fun(_, {A, B}) -> {B, A + B} end, {0, 1}, lists:seq(1, N * 4)),
    P = pow(3, N * 3),
    {F rem 1000000007, element(1, G) rem 1000000007, (P div 12345678901234567890123) rem 1000000007, byte_size(integer_to_binary(F bsr (N * 4))), modp(N * 20, 12345678901234567)}.

fac(0, A) -> A;
fac(N, A) -> fac(N - 1, A * N).

pow(_, 0) -> 1;
pow(B, N) when N rem 2 =:= 0 -> P = pow(B, N div 2), P * P;
pow(B, N) -> B * pow(B, N - 1).

modp(0, A) -> A;
modp(N, A) -> modp(N - 1, (A * 6364136223846793005 + 1442695040888963407) band 16#ffffffffffffffff).
