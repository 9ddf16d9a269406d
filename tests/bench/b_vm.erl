%% SPDX-License-Identifier: Apache-2.0
-module(b_vm).
-export([main/1]).

main([S]) when is_list(S) -> main(list_to_integer(S));
main([A]) when is_atom(A) -> main(list_to_integer(atom_to_list(A)));
main(N) when is_integer(N) ->
    Self = self(),
    spawn(fun() -> Self ! {done, run(N)} end),
    receive {done, R} -> erlang:display({?MODULE, R}) end.

%% a stack VM interpreter written with pattern matching
run(N) ->
    Prog = list_to_tuple([{push, N}, {store, i}, {push, 0}, {store, acc},
        %% 5:
        {load, i}, {jz, 18},
        {load, acc}, {load, i}, {push, 3}, mul, add, {push, 16777215}, 'and', {store, acc},
        {load, i}, dec, {store, i}, {jmp, 5},
        {load, acc}, halt]),
    step(1, Prog, [], {0, 0}).

step(Pc, Prog, St, Env) -> ex(element(Pc, Prog), Pc, Prog, St, Env).

ex({push, N}, Pc, P, St, E) -> step(Pc + 1, P, [N | St], E);
ex({load, i}, Pc, P, St, {I, _} = E) -> step(Pc + 1, P, [I | St], E);
ex({load, acc}, Pc, P, St, {_, A} = E) -> step(Pc + 1, P, [A | St], E);
ex({store, i}, Pc, P, [X | St], {_, A}) -> step(Pc + 1, P, St, {X, A});
ex({store, acc}, Pc, P, [X | St], {I, _}) -> step(Pc + 1, P, St, {I, X});
ex({jz, T}, _, P, [0 | St], E) -> step(T + 1, P, St, E);
ex({jz, _}, Pc, P, [_ | St], E) -> step(Pc + 1, P, St, E);
ex({jmp, T}, _, P, St, E) -> step(T, P, St, E);
ex(mul, Pc, P, [A, B | St], E) -> step(Pc + 1, P, [A * B | St], E);
ex(add, Pc, P, [A, B | St], E) -> step(Pc + 1, P, [A + B | St], E);
ex('and', Pc, P, [A, B | St], E) -> step(Pc + 1, P, [A band B | St], E);
ex(dec, Pc, P, [A | St], E) -> step(Pc + 1, P, [A - 1 | St], E);
ex(halt, _, _, [R | _], _) -> R.
