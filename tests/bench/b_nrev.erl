%% SPDX-License-Identifier: Apache-2.0
-module(b_nrev).
-export([main/1]).

main([S]) when is_list(S) -> main(list_to_integer(S));
main([A]) when is_atom(A) -> main(list_to_integer(atom_to_list(A)));
main(N) when is_integer(N) ->
    Self = self(),
    spawn(fun() -> Self ! {done, run(N)} end),
    receive {done, R} -> erlang:display({?MODULE, R}) end.

run(N) -> loop(N, lists:seq(1, 1000), 0).

loop(0, _, Acc) -> Acc;
loop(N, L, Acc) -> loop(N - 1, L, Acc + hd(nrev(L))).

nrev([H | T]) -> app(nrev(T), [H]);
nrev([]) -> [].

app([H | T], L) -> [H | app(T, L)];
app([], L) -> L.
