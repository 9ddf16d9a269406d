%% SPDX-License-Identifier: Apache-2.0
%% A module whose bytes are broken one by one, loaded and run: each exported function without parameters is called. It
%% needs nothing but BIFs and holds something of most instructions.
-module(prey).
-export([arithmetic/0, lists/0, maps/0, bits/0, match/0, tuples/0, raise/0, funs/0, select/0, processes/0, floats/0, strings/0, deep/0]).
-record(r, {a = 1, b = [x], c = <<"y">>}).

arithmetic() -> [fact(25), (17 rem 5) bsl 70, -7 div 2, bnot 5, 6 band 3, abs(-4)].
fact(0) -> 1;
fact(N) -> N * fact(N - 1).

lists() -> L = seq(1, 30), [length(L), hd(L), tl([1]), rev(L, []), [X * 2 || X <- L, X rem 3 =:= 0], L -- [1, 2], L ++ [z]].
seq(N, N) -> [N];
seq(A, N) -> [A | seq(A + 1, N)].
rev([H | T], A) -> rev(T, [H | A]);
rev([], A) -> A.

maps() ->
    M = #{a => 1, "b" => 2, 3 => #{}},
    #{a := X, 3 := Y} = M,
    N = M#{a := X + 1, c => Y},
    case N of
        #{zz := _} -> no;
        #{c := _} -> [map_size(N), is_map_key(c, N), map_get(a, N)]
    end.

bits() ->
    B = <<1:4, 300:12/little, "abc", 3.5/float, 955/utf8, -1:7>>,
    <<A:4, C:12/little, D:3/binary, F/float, U/utf8, R/bits>> = B,
    {A, C, D, F, U, R, << <<X, X>> || <<X>> <= D >>, append(20, <<>>), [Y || <<Y:3>> <= <<255, 170>>]}.
append(0, A) -> A;
append(N, A) -> append(N - 1, <<A/binary, N, N:16>>).

match() -> [m(X) || X <- [0, 1, 2, 100, a, b, "s", {1, 2}, {a, b, c}, <<"GET x">>, <<1:3>>, 1.5, #{}, self()]].
m(0) -> zero;
m(1) -> one;
m(2) -> two;
m(a) -> atom_a;
m(b) -> atom_b;
m([C | _]) -> {list, C};
m({X, Y}) -> {pair, Y, X};
m({X, _, _}) when is_atom(X) -> {triple, X};
m(<<"GET ", R/binary>>) -> {get, R};
m(X) when is_integer(X), X > 50; is_float(X) -> {number, X};
m(X) when is_map(X) -> map;
m(_) -> other.

tuples() -> T = {1, 2, 3}, R = #r{a = T}, [element(2, T), setelement(2, T, x), tuple_size(T), R#r{b = y, c = z}, R#r.b, list_to_tuple([a])].

raise() ->
    [try F() of V -> {value, V} catch throw:X -> {thrown, X}; error:{badmatch, X} -> {bad, X}; C:X:S -> {C, X, length(S)} after put(k, v) end
     || F <- [fun() -> throw(t) end, fun() -> error(e) end, fun() -> exit(x) end, fun() -> {ok, Z} = get(no), Z end, fun() -> 1 + a(get(no)) end, fun() -> case get(no) of 1 -> 2 end end]] ++ [catch error(old)].
a(X) -> X.

funs() -> Y = get(no), F = fun(X) -> {X, Y} end, G = fun erlang:length/1, H = fun Loop(0) -> done; Loop(N) -> Loop(N - 1) end, [F(1), G([a]), H(50), apply(F, [2]), apply(erlang, abs, [-1]), is_function(F, 1)].

select() -> [s(X) || X <- [-3, 0, 5, 1 bsl 62, ok, error, undefined]].
s(-3) -> a; s(-2) -> b; s(-1) -> c; s(0) -> d; s(5) -> e; s(1 bsl 62) -> f; s(ok) -> g; s(error) -> h; s(_) -> i.

processes() ->
    S = self(),
    P = spawn(fun() -> receive {S, X} -> S ! {self(), X} after 500 -> ok end end),
    P ! {S, hello},
    A = receive {P, Y} -> Y after 500 -> none end,
    R = monitor(process, P),
    B = receive {'DOWN', R, process, P, W} -> W after 500 -> none end,
    {A, B, receive never -> x after 0 -> timeout end}.

floats() -> f(10, 1.5, 0.0).
f(0, _, S) -> trunc(S);
f(N, X, S) -> f(N - 1, X * 1.25, S + X / 3 - 0.5).

strings() -> [atom_to_list(abc), integer_to_binary(77), list_to_binary(["a", <<"b">>]), binary_to_list(<<"xy">>), term_to_binary({a, [1]})].

deep() -> d(2000).
d(0) -> [];
d(N) -> [N | d(N - 1)].
