%% SPDX-License-Identifier: Apache-2.0
%% Floats: arithmetic, printing, parsing, comparison with integers, math.
-module(float_cases).
-compile([export_all, nowarn_export_all]).
-import(conformance, [id/1, err/1, stack/1]).

some_() -> [0.0, -0.0, 1.0, -1.0, 0.1, 0.2, 0.3, 1.5, 3.14, 1.0e10, 1.0e15, 1.0e16, 1.0e17, 1.0e20, 1.0e21, 1.0e22, 1.0e23, 123456789.125,
            1.0e-3, 1.0e-4, 1.0e-5, 1.0e-10, 1.7976931348623157e308, 2.2250738585072014e-308, 5.0e-324, 9007199254740992.0,
            9007199254740993.0, 4.35, 2.675, 1/3, 2/3, 1.0e100, -1.0e100, 100.0, 1234567.0, 0.5, 12345678901234567.0].

add() -> [[A + B || B <- [0.1, -3.5, 1.0e10]] || A <- some_()].
sub() -> [[A - B || B <- [0.1, -3.5, 1.0e10]] || A <- some_()].
mul() -> [[err(fun() -> A * B end) || B <- [0.1, -3.5, 0.0]] || A <- some_()].
divide() -> [[A / B || B <- [3.0, -7.5, 1.0e10]] || A <- some_()].
mixed() -> [{id(1) + 0.5, id(0.5) - 1, id(2) * 1.5, id(3) / 2, id(4) / 2}, id(1 bsl 70) + 0.5, id(1 bsl 62) * 1.0].
negate() -> [-A || A <- some_()].
absolute() -> [abs(A) || A <- some_()].
overflow() -> [err(fun() -> id(1.0e308) * id(10.0) end), err(fun() -> id(-1.0e308) * 1.0e10 end), err(fun() -> id(1.0e308) + id(1.7e308) end), err(fun() -> id(1.0) / id(0.0) end), err(fun() -> id(0.0) / id(0.0) end), err(fun() -> id(1.0e308) / 1.0e-10 end), err(fun() -> id(-1.0e308) - id(1.7e308) end)].
overflow_stack() -> [stack(fun() -> id(1.0e308) * id(10.0) end), stack(fun() -> id(1.0) / id(0) end)].
wrong() -> [err(fun() -> id(a) * 1.0 end), err(fun() -> 1.0 + id([]) end), err(fun() -> id(1.0) / id(a) end), err(fun() -> float(id(a)) end), err(fun() -> trunc(id("1")) end)].
short() -> [float_to_list(A, [short]) || A <- some_()].
scientific_default() -> [float_to_list(A) || A <- some_()].
default_binary() -> [float_to_binary(A) || A <- some_()].
decimals() -> [float_to_list(A, [{decimals, D}]) || A <- some_(), abs(A) < 1.0e20, D <- [0, 1, 2, 5, 10, 17]].
decimals_compact() -> [float_to_list(A, [{decimals, D}, compact]) || A <- some_(), abs(A) < 1.0e20, D <- [1, 4, 12]].
scientific() -> [float_to_list(A, [{scientific, D}]) || A <- some_(), D <- [0, 1, 3, 10, 20]].
scientific_binary() -> [float_to_binary(A, [{scientific, D}]) || A <- some_(), D <- [0, 6]].
to_text_wrong() -> [err(fun() -> float_to_list(id(A), id(O)) end) || {A, O} <- [{1, []}, {1.0, [foo]}, {1.0, [{decimals, -1}]}, {1.0, [{decimals, 300}]}, {a, [short]}, {1.0, x}, {1.0, [{scientific, a}]}]].
print_w() -> [lists:flatten(io_lib:format("~w", [A])) || A <- some_()].
print_p() -> [lists:flatten(io_lib:format("~p", [A])) || A <- some_()].
print_f() -> [lists:flatten(io_lib:format("~f ~.2f ~10.3f|~-10.1f|", [A, A, A, A])) || A <- some_(), abs(A) < 1.0e15].
print_e() -> [lists:flatten(io_lib:format("~e ~.3e ~12.4e|", [A, A, A])) || A <- some_()].
print_g() -> [lists:flatten(io_lib:format("~g ~.3g ~12.4g|", [A, A, A])) || A <- some_()].
parse() -> [list_to_float(T) || T <- ["1.0", "-1.0", "+1.5", "0.1", "1.0e10", "1.0E10", "1.0e+10", "1.0e-10", "1.7976931348623157e308", "4.9e-324", "0.000001", "123456789.123456789", "-0.0", "1.0e-400"]].
parse_binary() -> [binary_to_float(T) || T <- [<<"1.0">>, <<"-1.5e3">>, <<"3.141592653589793">>]].
parse_wrong() -> [err(fun() -> list_to_float(id(T)) end) || T <- ["1", "1.", ".5", "1.0e", "", "1e5", "1.0e400", " 1.0", "1.0 ", "a", "1.0f", "nan", "inf", a]].
parse_binary_wrong() -> [err(fun() -> binary_to_float(id(T)) end) || T <- [<<"1">>, <<"1.">>, <<>>, <<"1.0e400">>, a, <<1:3>>]].
round_trip() -> [list_to_float(float_to_list(A, [short])) =:= A || A <- some_()].
round_trip_default() -> [list_to_float(float_to_list(A)) =:= A || A <- some_()].
truncate() -> [{trunc(A), round(A), floor(A), ceil(A)} || A <- some_(), abs(A) < 1.0e100].
rounding_halves() -> [{round(A), trunc(A), floor(A), ceil(A)} || A <- [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999999999999994, 4503599627370497.5, -4503599627370497.5]].
rounding_integers() -> [{round(A), trunc(A), floor(A), ceil(A)} || A <- [0, 5, -5, 1 bsl 60, 1 bsl 70]].
truncate_big() -> [{trunc(A), round(A), floor(A), ceil(A)} || A <- [1.0e100, -1.0e100, 1.7976931348623157e308, 576460752303423488.0, 1152921504606846976.0, -1152921504606846976.0, 1.8446744073709552e19]].
compare_exact() -> [{A, B, A < B, A == B, A > B, A =:= B} || {A, B} <- [{1, 1.0}, {9007199254740993, 9007199254740992.0}, {9007199254740992, 9007199254740992.0}, {9007199254740991, 9007199254740992.0}, {1 bsl 64, 1.8446744073709552e19}, {(1 bsl 64) + 1, 1.8446744073709552e19}, {(1 bsl 64) - 1, 1.8446744073709552e19}, {1 bsl 1023, 8.98846567431158e307}, {1 bsl 1024, 1.7976931348623157e308}, {-(1 bsl 1024), -1.7976931348623157e308}, {0, -0.0}, {0, 5.0e-324}, {1 bsl 60, 1.152921504606847e18}, {(1 bsl 60) + 1, 1.152921504606847e18}]].
compare_floats() -> [[{A < B, A == B} || B <- [0.0, -0.0, 1.0, -1.0e300]] || A <- [0.0, -0.0, 1.0, 1.0e300]].
zero_signs() -> [id(0.0) == id(-0.0), <<(id(-0.0)):64/float>>, <<(id(0.0)):64/float>>, id(0.0) * -1, -id(0.0), abs(id(-0.0)), id(0) * -1.0].
zero_exact_equal() -> {id(0.0) =:= id(0.0), id(-0.0) =:= id(-0.0), id(0.0) =:= id(-0.0), id([0.0]) =:= id([-0.0]), id({-0.0}) =:= id({0.0})}.
zero_as_map_key() -> {maps:is_key(id(0.0), #{id(0.0) => 1}), maps:is_key(id(-0.0), #{id(0.0) => 1}), map_size(#{id(0.0) => 1, id(-0.0) => 2})}.
order_mixed() -> lists:sort([3, 2.5, 2, 3.0, 1, 1.0, -0.5, 1 bsl 70, 1.0e30, -1.0e30, -(1 bsl 100)]).
min_max() -> [{min(A, B), max(A, B)} || {A, B} <- [{1, 1.0}, {1.0, 1}, {2, 1.5}, {1.5, 2}, {a, 1.0}]].
guards() -> [g_(A) || A <- [1.0, 2.0, 0.0, -0.0, 1, 2, a, 1.0e300]].
g_(A) when is_float(A), A * A > 1.0e300 -> huge;
g_(1.0) -> one;
g_(A) when A == 2 -> two;
g_(A) when is_float(A), A + 1.0 =:= 1.0 -> zeroish;
g_(_) -> other.
guard_overflow() -> [go_(A) || A <- [1.0, 1.0e300]].
go_(A) when A * A > 1.0e200 -> big;
go_(_) -> small_or_fails.
select_float() -> [sf_(A) || A <- [1.0, 2.0, 2.5, 1, 3.75]].
sf_(1.0) -> a; sf_(2.0) -> b; sf_(2.5) -> c; sf_(3.75) -> d; sf_(_) -> none.
float_registers() -> fr_(1000, 0.0, 1.0).
fr_(0, S, _) -> S;
fr_(N, S, X) -> fr_(N - 1, S + X / (N * 1.0) - X * 0.25, X * 1.0001 + 0.5).
float_and_integer_loop() -> fil_(100, 0, 0.0).
fil_(0, I, F) -> {I, F};
fil_(N, I, F) -> fil_(N - 1, I + N, F + I).
horner() -> lists:foldl(fun(C, A) -> A * 1.1 + C end, 0.0, lists:seq(1, 40)).
mandelbrot() -> [m_(X / 8 - 1.5, Y / 8 - 1.0, 0.0, 0.0, 0) || X <- lists:seq(0, 15), Y <- lists:seq(0, 15)].
m_(_, _, _, _, 50) -> 50;
m_(A, B, X, Y, N) -> X2 = X * X, Y2 = Y * Y, if X2 + Y2 > 4.0 -> N; true -> m_(A, B, X2 - Y2 + A, 2 * X * Y + B, N + 1) end.
math_trig() -> [r_(F(A)) || F <- [fun math:sin/1, fun math:cos/1, fun math:tan/1, fun math:atan/1, fun math:sinh/1, fun math:cosh/1, fun math:tanh/1, fun math:asinh/1], A <- [0, 1, -1, 0.5, 2.5]].
math_inverse() -> [r_(F(A)) || F <- [fun math:asin/1, fun math:acos/1, fun math:atanh/1], A <- [0, 0.5, -0.5, 0.25]].
math_log() -> [r_(F(A)) || F <- [fun math:log/1, fun math:log2/1, fun math:log10/1, fun math:sqrt/1, fun math:exp/1, fun math:acosh/1, fun math:erf/1, fun math:erfc/1], A <- [1, 1.5, 2, 10, 100]].
math_exact() -> [math:sqrt(16), math:sqrt(2.25), math:log2(1024), math:log2(1 bsl 100), math:pow(2, 10), math:pow(2, 0.5), math:pow(10, -2), math:fmod(10, 3), math:fmod(-10.5, 3), math:ceil(1.2), math:floor(-1.2), math:ceil(3), math:floor(3), math:atan2(1, 1), math:pi(), math:tau()].
math_wrong() -> [err(F) || F <- [fun() -> math:sqrt(id(-1)) end, fun() -> math:log(id(0)) end, fun() -> math:log(id(-1)) end, fun() -> math:acos(id(2)) end, fun() -> math:sqrt(id(a)) end, fun() -> math:pow(id(-1), id(0.5)) end, fun() -> math:pow(id(10), id(400)) end, fun() -> math:fmod(id(1), id(0)) end, fun() -> math:exp(id(1000)) end, fun() -> math:atanh(id(1)) end, fun() -> math:log2(id(0)) end, fun() -> math:sin(id(1 bsl 2000)) end]].
math_wrong_stack() -> [stack(fun() -> math:sqrt(id(-1)) end), stack(fun() -> math:log(id(a)) end)].
r_(F) -> list_to_float(float_to_list(F, [{scientific, 12}])).
float_bits() -> [<<A/float>> || A <- some_()].
float_bits_32() -> [<<A:32/float>> || A <- [0.0, -0.0, 1.0, -1.5, 0.1, 3.4e38, 1.0e-40]].
float_bits_16() -> [<<A:16/float>> || A <- [0.0, -0.0, 1.0, -1.5, 0.1, 65504.0, 6.0e-8]].
float_bits_little() -> [<<A/float-little>> || A <- [1.0, -1.5, 0.1]].
float_from_bits() -> [begin <<F/float>> = B, F end || B <- [<<63, 240, 0, 0, 0, 0, 0, 0>>, <<64, 9, 33, 251, 84, 68, 45, 24>>]].
float_from_bits_32() -> [begin <<F:32/float>> = B, F end || B <- [<<63, 128, 0, 0>>, <<64, 73, 15, 219>>, <<0, 0, 0, 1>>]].
float_from_bits_16() -> [begin <<F:16/float>> = B, F end || B <- [<<60, 0>>, <<123, 255>>, <<0, 1>>, <<188, 0>>]].
float_from_nan() -> [case id(B) of <<F/float>> -> F; <<F:32/float>> -> F; <<F:16/float>> -> F; _ -> no end || B <- [<<127, 240, 0, 0, 0, 0, 0, 0>>, <<127, 248, 0, 0, 0, 0, 0, 0>>, <<127, 128, 0, 0>>, <<124, 0>>, <<255, 255, 255, 255>>]].
float_of_integer_bits() -> [<<(id(A)):64/float>> || A <- [1, 0, -5, 1 bsl 60, 1 bsl 80]].
float_bits_wrong() -> [err(fun() -> <<(id(A)):S/float>> end) || {A, S} <- [{a, 64}, {1.0, 63}, {1.0e300, 32}, {1.0e10, 16}, {1 bsl 2000, 64}, {1.0, 0}]].
phash_floats() -> [erlang:phash2(A) || A <- some_(), A /= 0].
is_float_all() -> [is_float(A) || A <- [1.0, 1, a, <<>>, 0.0, -0.0]].
is_number_all() -> [is_number(A) || A <- [1.0, 1, a, <<>>, 1 bsl 70, "1"]].
float_in_term() -> [{A, [A]} || A <- some_()].

negation_in_registers() -> [nr_(A, B) || A <- [1.5, -2.5], B <- [0.25, -0.0]].
nr_(A, B) when is_float(A), is_float(B) -> -(A * B) - (-A) / (B + 4.0).
