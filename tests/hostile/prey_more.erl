%% SPDX-License-Identifier: Apache-2.0
%% More of what prey.erl is for: receives within receives, handlers within handlers, records, matching that goes on in the callee,
%% frames of many registers.
-module(prey_more).
-compile([export_all, nowarn_export_all]).
-record(r, {a, b = 2, c, d = [x]}).
id(X) -> case erlang:phash2(X, 1) of 0 -> X end.
bits() -> <<A:4, B:12, C/binary>> = id(<<1,2,3,4,5>>), [A, B, C, <<C/binary, A:3, B:13, 2.5/float, "str", C:2/binary>>, pm(C)].
pm(<<H, "abc", T/binary>>) -> {H, T};
pm(<<X:16/little-signed, Y/bits>>) when X > 3 -> {X, Y};
pm(<<F:64/float>>) -> F;
pm(<<U/utf8, T/binary>>) -> [U | pm(T)];
pm(_) -> [].
recs() -> R = id(#r{a = 1, c = 3}), R2 = R#r{a = 5, c = 7, d = R}, {R2#r.d, R2#r{b = z}, is_record(R, r), element(2, R2)}.
maps() -> M = id(#{a => 1, b => [2], "c" => 3.0}), #{a := X, b := [Y]} = M, N = M#{a := X + Y, d => {X}, <<"k">> => M}, case N of #{d := {Z}, zz := _} -> Z; #{d := D} -> {D, N} end.
tries() -> try id(a) + 1 catch error:R:S -> {R, length(S), (catch throw({x, R}))} after put(k, v) end.
nest() -> try try lists:nth(3, id([1, 2])) of X -> X catch throw:Y -> Y end catch C:E -> try error({C, E}) catch _:Z -> {again, Z} end end.
recv() -> self() ! {b, 1}, self() ! {a, [2]}, receive {a, [X]} -> receive {b, Y} -> X + Y after 10 -> none end after 50 -> timeout end.
funs() -> N = id(3), F = fun(X) -> X * N end, G = fun F2(0) -> N; F2(K) -> F(K) + F2(K - 1) end, {F(4), G(5), lists:map(F, [1, 2, 3]), (id(fun lists:reverse/1))([1, 2])}.
floats() -> X = id(1.5), Y = X * 2.0 + id(3) / 4.0 - X, {Y, trunc(Y), X > 1, -X, math:sqrt(id(2.0))}.
bigs() -> X = id(123456789012345678901234567890), {X * X, X rem 97, X div 3, X bsl 70, X band 16#FFFFFFFFFFFF, -X, X =:= 123456789012345678901234567890}.
sel() -> [s(X) || X <- id([a, b, 1, 2, 300, {x, 1}, {y, 2, 3}, "s", 1.0, c])].
s(a) -> 1; s(b) -> 2; s(c) -> 3; s(1) -> one; s(2) -> two; s(300) -> many; s({x, A}) -> A; s({y, A, B}) -> A + B; s([H | T]) -> {H, T}; s(F) when is_float(F) -> F.
lcs() -> [{X, Y} || X <- id([1, 2, 3]), Y <- [a, b], X > 1] ++ [B || <<B:3>> <= id(<<1, 2, 3>>)] ++ binary_to_list(<< <<(X * 2)>> || X <- id([1, 2]) >>).
deep() -> d(id(100)).
d(0) -> []; d(N) -> [N | d(N - 1)].
ap() -> {apply(id(lists), id(reverse), [[1, 2]]), apply(id(fun(A, B) -> {A, B} end), [1, 2])}.
bc() -> bc(id(<<1, 2, 3, 4, 250>>), <<>>).
bc(<<H, T/binary>>, Acc) -> bc(T, <<Acc/binary, (H * 3):16, H:5>>);
bc(<<>>, Acc) -> Acc.
many(A, B, C, D, E, F, G, H) -> X = id(A), Y = id({B, C}), Z = id([D | E]), {X, Y, Z, F, G, H, id(G), id(H)}.
frame() -> many(1, 2, 3, 4, 5, 6, 7, 8).
