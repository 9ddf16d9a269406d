%% SPDX-License-Identifier: Apache-2.0
-module(b_binappend).
-export([main/1]).

main([S]) when is_list(S) -> main(list_to_integer(S));
main([A]) when is_atom(A) -> main(list_to_integer(atom_to_list(A)));
main(N) when is_integer(N) ->
    Self = self(),
    spawn(fun() -> Self ! {done, run(N)} end),
    receive {done, R} -> erlang:display({?MODULE, R}) end.

run(N) -> outer(N, 0).

outer(0, Acc) -> Acc;
outer(N, Acc) ->
    B = build(20000, <<>>),
    C = words(2000, <<>>),
    outer(N - 1, Acc + byte_size(B) + byte_size(C)).

build(0, B) -> B;
build(N, B) -> build(N - 1, <<B/binary, N:16, (N band 255)>>).

words(0, B) -> B;
words(N, B) -> words(N - 1, <<B/binary, "hello, ", (integer_to_binary(N))/binary, $\n>>).
