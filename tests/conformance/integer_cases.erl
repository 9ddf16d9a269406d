%% SPDX-License-Identifier: Apache-2.0
%% Integers: small, around the small/big boundary of either machine, and huge.
-module(integer_cases).
-compile([export_all, nowarn_export_all]).
-import(conformance, [id/1, err/1, stack/1]).

edges_() ->
    Powers = [1 bsl N || N <- [0, 1, 27, 28, 31, 32, 58, 59, 60, 61, 62, 63, 64, 65, 127, 128, 255]],
    lists:usort([0] ++ [S * (P + D) || P <- Powers, D <- [-1, 0, 1], S <- [1, -1]]).

few_() -> [0, 1, -1, 7, -7, 1 bsl 31, (1 bsl 59) - 1, 1 bsl 59, -(1 bsl 59), -(1 bsl 59) - 1, (1 bsl 60) - 1, 1 bsl 60,
           -(1 bsl 60), -(1 bsl 60) - 1, (1 bsl 63) - 1, 1 bsl 63, -(1 bsl 63), 1 bsl 64, (1 bsl 64) - 1, -(1 bsl 64),
           123456789012345678901234567890, -98765432109876543210987654321098765432109876543210].

table_(Op) -> [[Op(A, B) || B <- few_()] || A <- few_()].

add() -> table_(fun(A, B) -> A + B end).
sub() -> table_(fun(A, B) -> A - B end).
mul() -> table_(fun(A, B) -> A * B end).
intdiv() -> table_(fun(_, 0) -> zero; (A, B) -> A div B end).
intrem() -> table_(fun(_, 0) -> zero; (A, B) -> A rem B end).
b_and() -> table_(fun(A, B) -> A band B end).
b_or() -> table_(fun(A, B) -> A bor B end).
b_xor() -> table_(fun(A, B) -> A bxor B end).
b_not() -> [bnot A || A <- edges_()].
less() -> table_(fun(A, B) -> {A < B, A =< B, A == B, A =:= B} end).
minus() -> [-A || A <- edges_()].
plus() -> [+A || A <- edges_()].
absolute() -> [abs(A) || A <- edges_()].
shift_left() -> [A bsl N || A <- few_(), N <- [0, 1, 2, 31, 32, 33, 58, 59, 60, 61, 62, 63, 64, 65, 100, 200]].
shift_right() -> [A bsr N || A <- few_(), N <- [0, 1, 2, 31, 32, 33, 58, 59, 60, 61, 62, 63, 64, 65, 100, 200]].
shift_negative() -> [{A bsl -N, A bsr -N} || A <- few_(), N <- [1, 5, 59, 60, 63, 64, 70]].
shift_zero_huge() -> {id(0) bsl id(1 bsl 70), id(5) bsr id(1 bsl 70), id(-5) bsr id(1 bsl 70), id(5) bsl id(-(1 bsl 70)), id(-5) bsl id(-(1 bsl 70))}.
shift_too_far() -> err(fun() -> id(1) bsl id(1 bsl 64) end).
increment_over() -> inc_((1 bsl 59) - 3, 6) ++ inc_((1 bsl 60) - 3, 6) ++ inc_((1 bsl 63) - 3, 6).
decrement_over() -> dec_(-(1 bsl 59) + 3, 6) ++ dec_(-(1 bsl 60) + 3, 6) ++ dec_(-(1 bsl 63) + 3, 6).
inc_(_, 0) -> [];
inc_(A, N) -> [A | inc_(A + 1, N - 1)].
dec_(_, 0) -> [];
dec_(A, N) -> [A | dec_(A - 1, N - 1)].
factorial() -> [fact_(N) || N <- [0, 1, 5, 18, 19, 20, 21, 25, 50, 100, 170]].
fact_(0) -> 1;
fact_(N) -> N * fact_(N - 1).
fibonacci() -> fib_(1000, 0, 1).
fib_(0, A, _) -> A;
fib_(N, A, B) -> fib_(N - 1, B, A + B).
power_towers() -> [erlang:phash2(pow_(3, N)) || N <- [100, 500, 1000, 2000]].
pow_(_, 0) -> 1;
pow_(B, N) when N rem 2 =:= 1 -> B * pow_(B, N - 1);
pow_(B, N) -> H = pow_(B, N div 2), H * H.
big_division() ->
    A = pow_(7, 400), B = pow_(3, 300),
    {A div B, A rem B, (A div B) * B + (A rem B) =:= A, -A div B, -A rem B, A div -B, A rem -B, B div A, B rem A}.
big_exact_division() -> pow_(6, 200) div pow_(3, 200) =:= pow_(2, 200).
big_square() -> A = pow_(10, 300) + 7, A * A.
big_karatsuba_sizes() -> [erlang:phash2((pow_(10, N) - 1) * (pow_(10, N + 3) + 1)) || N <- [50, 100, 500, 1000, 3000, 6000]].
big_to_small() -> A = id(1 bsl 70), [A - A, A - (A - 5), A bsr 60, A band 255, A div A, A rem 7, (A - A) + 1].
mersenne_mod() -> [pow_mod_(3, (1 bsl 89) - 2, (1 bsl 89) - 1), pow_mod_(2, 1 bsl 100, (1 bsl 61) - 1)].
pow_mod_(_, 0, _) -> 1;
pow_mod_(B, E, M) when E band 1 =:= 1 -> (B * pow_mod_(B, E - 1, M)) rem M;
pow_mod_(B, E, M) -> H = pow_mod_(B, E bsr 1, M), (H * H) rem M.
gcd() -> [gcd_(pow_(6, 50), pow_(15, 40)), gcd_(fact_(40), pow_(2, 100))].
gcd_(A, 0) -> A;
gcd_(A, B) -> gcd_(B, A rem B).
to_list() -> [integer_to_list(A) || A <- edges_()].
to_binary() -> [integer_to_binary(A) || A <- edges_()].
to_list_base() -> [integer_to_list(A, B) || A <- few_(), B <- [2, 3, 8, 10, 16, 36]].
to_binary_base() -> [integer_to_binary(A, B) || A <- few_(), B <- [2, 7, 16, 36]].
from_list() -> [list_to_integer(integer_to_list(A)) =:= A || A <- edges_()].
from_list_base() -> [list_to_integer(integer_to_list(A, B), B) =:= A || A <- few_(), B <- [2, 3, 8, 10, 16, 36]].
from_binary_base() -> [binary_to_integer(integer_to_binary(A, B), B) =:= A || A <- few_(), B <- [2, 3, 8, 10, 16, 36]].
from_text_signs() -> [list_to_integer("+17"), list_to_integer("-0"), list_to_integer("007"), binary_to_integer(<<"+8">>), binary_to_integer(<<"-ff">>, 16), list_to_integer("Zz", 36)].
from_text_wrong() -> [err(fun() -> list_to_integer(id(T)) end) || T <- ["", "-", "+", "1.0", " 1", "1 ", "1_0", "a", "--1", [256], [a], foo, 12]].
from_binary_wrong() -> [err(fun() -> binary_to_integer(id(T)) end) || T <- [<<>>, <<"-">>, <<"1.0">>, <<" 1">>, <<"a">>, <<1:3>>, "1", foo]].
from_text_base_wrong() -> [err(fun() -> list_to_integer(id(T), id(B)) end) || {T, B} <- [{"2", 2}, {"1", 1}, {"1", 37}, {"g", 16}, {"1", a}]].
to_text_base_wrong() -> [err(fun() -> integer_to_list(id(T), id(B)) end) || {T, B} <- [{2, 1}, {1, 37}, {a, 16}, {1, a}]].
huge_text() -> N = pow_(10, 2000) - 1, L = integer_to_list(N), {length(L), list_to_integer(L) =:= N, lists:all(fun(C) -> C =:= $9 end, L)}.
huge_text_16() -> N = pow_(16, 900) - 1, integer_to_list(N, 16) =:= lists:duplicate(900, $F).
division_by_zero() -> [err(fun() -> id(5) div id(0) end), err(fun() -> id(5) rem id(0) end), err(fun() -> id(1 bsl 80) div id(0) end), err(fun() -> id(1 bsl 80) rem id(0) end)].
arithmetic_wrong() ->
    [err(F) || F <- [fun() -> id(a) + id(1) end, fun() -> id(1) - id([]) end, fun() -> id({}) * id(2) end, fun() -> -id(a) end,
                     fun() -> id(1.0) div id(1) end, fun() -> id(1) rem id(1.0) end, fun() -> id(1.5) band id(1) end,
                     fun() -> id(1) bor id(a) end, fun() -> id("") bxor id(1) end, fun() -> bnot id(1.0) end, fun() -> id(1.0) bsl id(1) end,
                     fun() -> id(1) bsr id(1.0) end, fun() -> abs(id(a)) end, fun() -> id(#{}) + id(1 bsl 70) end, fun() -> id(1) / id(0) end]].
arithmetic_stacks() ->
    [stack(F) || F <- [fun() -> id(a) + id(1) end, fun() -> id(1) div id(0) end, fun() -> abs(id(a)) end, fun() -> bnot id(a) end]].
increment_wrong() -> err(fun() -> id(a) + 1 end).
min_max() -> table_(fun(A, B) -> {min(A, B), max(A, B)} end).
is_integer_guard() -> [is_integer(X) || X <- [1, 1 bsl 60, 1 bsl 70, 1.0, a, "", <<>>, {}]].
is_integer_range() -> [in_range_(X) || X <- [0, 1, 5, 10, 11, 1 bsl 70, 1.0, a]].
in_range_(X) when is_integer(X), X >= 1, X =< 10 -> inside;
in_range_(_) -> outside.
guard_arithmetic() -> [guard_(X) || X <- [0, 1, 2, 3, 1 bsl 60, -(1 bsl 60), a, 2.0]].
guard_(X) when X * 2 =:= 4 -> four;
guard_(X) when X + (1 bsl 60) =:= 0 -> minus_big;
guard_(X) when X bsr 60 =:= 1 -> big;
guard_(X) when X rem 2 =:= 1 -> odd;
guard_(_) -> other.
select_small() -> [sel_(X) || X <- [0, 1, 2, 10, 100, 1 bsl 59, 1 bsl 60, 1 bsl 64, a, 1.0]].
sel_(0) -> zero;
sel_(1) -> one;
sel_(2) -> two;
sel_(100) -> hundred;
sel_(576460752303423488) -> two59;
sel_(1152921504606846976) -> two60;
sel_(18446744073709551616) -> two64;
sel_(_) -> other.
jump_table() -> [jump_(X) || X <- lists:seq(-1, 12) ++ [1 bsl 60, a, 3.0]].
jump_(0) -> a; jump_(1) -> b; jump_(2) -> c; jump_(3) -> d; jump_(4) -> e; jump_(5) -> f;
jump_(6) -> g; jump_(7) -> h; jump_(8) -> i; jump_(9) -> j; jump_(_) -> none.
jump_table_negative() -> [jumpn_(X) || X <- lists:seq(-6, 1)].
jumpn_(-5) -> a; jumpn_(-4) -> b; jumpn_(-3) -> c; jumpn_(-2) -> d; jumpn_(-1) -> e; jumpn_(_) -> none.
float_conversions() -> [float(X) || X <- [0, 1, -1, 1 bsl 53, (1 bsl 53) + 1, (1 bsl 64), pow_(10, 300), -(1 bsl 63)]].
float_too_big() -> [err(fun() -> float(id(pow_(10, 400))) end), err(fun() -> id(pow_(10, 400)) * 1.0 end), err(fun() -> id(pow_(10, 400)) / 3 end)].
divide() -> [A / B || A <- [1, 7, -3, 1 bsl 70], B <- [2, 3, -9, 1 bsl 65]].
divide_big_exact() -> id(pow_(10, 30)) / id(pow_(10, 28)).
digits_sum() -> lists:sum([C - $0 || C <- integer_to_list(pow_(2, 1000))]).
collatz() -> [collatz_(N, 0) || N <- [27, 97, 871, 6171, 77031]].
collatz_(1, C) -> C;
collatz_(N, C) when N band 1 =:= 0 -> collatz_(N bsr 1, C + 1);
collatz_(N, C) -> collatz_(3 * N + 1, C + 1).
phash_of_integers() -> [erlang:phash2(A) || A <- edges_()].
integer_in_binary() -> [binary:encode_unsigned(A) || A <- edges_(), A >= 0].
integer_little_binary() -> [binary:encode_unsigned(A, little) || A <- few_(), A >= 0].
integer_decode() -> [binary:decode_unsigned(binary:encode_unsigned(A)) =:= A || A <- edges_(), A >= 0].
bit_count() -> [bits_(A, 0) || A <- edges_(), A >= 0].
bits_(0, C) -> C;
bits_(A, C) -> bits_(A band (A - 1), C + 1).
sum_of_mixed() -> lists:sum([1, 1 bsl 59, -(1 bsl 59), 1 bsl 60, 1 bsl 64, -(1 bsl 64), 2.5]).
multiply_boundaries() -> [A * B || A <- [(1 bsl 30) - 1, 1 bsl 30, (1 bsl 32) - 1, 1 bsl 32, -(1 bsl 31)], B <- [(1 bsl 29), (1 bsl 28) + 1, (1 bsl 31), (1 bsl 32) - 1, -(1 bsl 30)]].
isqrt() -> [isqrt_(N) || N <- [0, 1, 2, 99, 100, pow_(10, 40), pow_(10, 41)]].
isqrt_(0) -> 0;
isqrt_(N) -> newton_(N, N).
newton_(N, X) -> Y = (X + N div X) div 2, if Y >= X -> X; true -> newton_(N, Y) end.
accumulate_past_small() -> [ac_(N, S, D) || N <- [0, 1, 5, 100], S <- [0, (1 bsl 59) - 3, -(1 bsl 60), 1.5, 1 bsl 80], D <- [1, 1 bsl 58, -(1 bsl 58), 2.5]] ++ [err(fun() -> ac_(id(3), id(X), id(1)) end) || X <- [a, []]] ++ [err(fun() -> ac_(id(x), 1, 1) end)].
ac_(0, S, _) -> S;
ac_(N, S, D) -> ac_(N - 1, S + D, D).
polynomial() -> [po_(L, 0) || L <- [[1, 2, 3], lists:duplicate(25, 9), [1.5, 2], [1 bsl 60, 1], []]] ++ [err(fun() -> po_([1, id(a)], 0) end)].
po_([H | T], A) -> po_(T, A * 10 + H - 3);
po_([], A) -> A.
