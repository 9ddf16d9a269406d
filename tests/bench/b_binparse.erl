%% SPDX-License-Identifier: Apache-2.0
-module(b_binparse).
-export([main/1]).

main([S]) when is_list(S) -> main(list_to_integer(S));
main([A]) when is_atom(A) -> main(list_to_integer(atom_to_list(A)));
main(N) when is_integer(N) ->
    Self = self(),
    spawn(fun() -> Self ! {done, run(N)} end),
    receive {done, R} -> erlang:display({?MODULE, R}) end.

%% utf8 code points, decimal integers, TLV records
run(N) ->
    U = unicode_bin(20000, <<>>),
    I = ints(10000, <<>>),
    T = tlv(10000, <<>>),
    loop(N, U, I, T, 0).

loop(0, _, _, _, A) -> A;
loop(N, U, I, T, A) ->
    A1 = utf8(U, 0) + int(I, 0, 0) + ptlv(T, 0),
    loop(N - 1, U, I, T, (A + A1) band 16#ffffffffff).

unicode_bin(0, B) -> B;
unicode_bin(N, B) ->
    C = case N rem 4 of 0 -> $a; 1 -> 16#e9; 2 -> 16#4e2d; 3 -> 16#1f600 end,
    unicode_bin(N - 1, <<B/binary, C/utf8>>).

ints(0, B) -> B;
ints(N, B) -> ints(N - 1, <<B/binary, (integer_to_binary(N * 7919))/binary, $,>>).

tlv(0, B) -> B;
tlv(N, B) ->
    L = N rem 13,
    tlv(N - 1, <<B/binary, (N band 15):4, L:12, N:L/unit:8>>).

utf8(<<C/utf8, R/binary>>, A) -> utf8(R, A + C);
utf8(<<>>, A) -> A.

int(<<C, R/binary>>, N, A) when C >= $0, C =< $9 -> int(R, N * 10 + C - $0, A);
int(<<$,, R/binary>>, N, A) -> int(R, 0, A + N);
int(<<>>, _, A) -> A.

ptlv(<<T:4, L:12, V:L/binary, R/binary>>, A) -> ptlv(R, A + T + byte_size(V));
ptlv(<<>>, A) -> A.
