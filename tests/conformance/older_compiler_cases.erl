%% SPDX-License-Identifier: Apache-2.0
%% Bitstrings built by the instructions of OTP 24's compiler, as Debian's Elixir 1.14 has them.
%% Until release 27.
-module(older_compiler_cases).
-compile([export_all, nowarn_export_all, r24]).

id(X) -> case get(nothing) of undefined -> X; _ -> nothing end.

try_it(F) ->
    try F()
    catch C:R:S -> {C, R, [{M, Fun, if is_list(A) -> length(A); true -> A end} || {M, Fun, A, _} <- lists:sublist(S, 1)]}
    end.

empty() -> <<>>.
string() -> X = id(7), <<"abc", X, "def">>.
integers() -> X = id(-3), [<<X:8>>, <<X:16/little>>, <<X:3>>, <<X:64/signed>>, <<X:13/little, 5:3>>, <<X:100>>, <<0:0, X:4>>].
big() -> X = id(1 bsl 90 + 12345), [<<X:100>>, <<X:96/little>>, <<X:32>>, <<X:91>>].
sizes() -> [begin S = id(N), <<1:S, 255:8>> end || N <- [0, 1, 7, 8, 9, 63, 64, 65, 200]].
units() -> S = id(3), B = id(<<1, 2, 3, 4, 5, 6, 7, 8>>), [<<B:S/binary>>, <<B:S/binary-unit:16>>, <<B:S/binary-unit:3>>, <<1:S/unit:11>>].
binaries() -> A = id(<<1, 2, 3>>), B = id(<<5:3>>), [<<A/binary, A/binary>>, <<B/bitstring, A/binary>>, <<A:2/binary, 9>>, <<A/binary, B/bitstring>>].
floats() -> X = id(3.25), Y = id(7), [<<X/float>>, <<X:32/float>>, <<Y:64/float-little>>, <<X:16/float>>].
characters() ->
    [[<<C/utf8>>, <<C/utf16>>, <<C/utf16-little>>, <<C/utf32>>, <<C/utf32-little>>, <<$a, C/utf8, "z", C/utf16>>]
     || C <- id([0, $a, 127, 128, 16#7ff, 16#800, 16#d7ff, 16#e000, 16#ffff, 16#10000, 16#10ffff])].
bad_characters() ->
    [[try_it(fun() -> <<C/utf8>> end), try_it(fun() -> <<C/utf16>> end), try_it(fun() -> <<C/utf32>> end)]
     || C <- id([-1, 16#d800, 16#dfff, 16#110000, 1 bsl 70, a, 1.5, <<>>, []])].
bad_integer() -> [try_it(fun() -> <<X:8>> end) || X <- id([a, 1.5, <<1>>, [], {1}])].
bad_float() -> [try_it(fun() -> <<X:S/float>> end) || {X, S} <- id([{a, 64}, {<<>>, 32}, {1 bsl 2000, 64}, {1.0e300, 32}, {1.0, 17}])].
bad_binary() -> [try_it(fun() -> <<1, X/binary>> end) || X <- id([a, 1, [], <<1:3>>])].
bad_append() -> [try_it(fun() -> <<X/binary, 1>> end) || X <- id([a, 1, [], <<1:3>>])].
bad_bits() -> [try_it(fun() -> <<1:3, X/bitstring>> end) || X <- id([a, 1, []])].
short() -> B = id(<<1, 2>>), [try_it(fun() -> <<B:S/binary>> end) || S <- id([0, 2, 3, 1000])].
bad_size() -> [try_it(fun() -> <<1:S>> end) || S <- id([-1, a, 1.0, <<>>, -(1 bsl 80)])].
huge_size() -> [try_it(fun() -> <<1:S/unit:8>> end) || S <- id([1 bsl 62, 1 bsl 64, 1 bsl 100, 1 bsl 59])].
bad_size_binary() -> B = id(<<1, 2>>), [try_it(fun() -> <<B:S/binary>> end) || S <- id([-1, a, 1 bsl 80])].
append() ->
    A = id(<<1, 2, 3>>), B = <<A/binary, 4>>, C = <<B/binary, 5, 6>>, D = <<B/binary, 7>>, E = <<C/binary, C/binary>>,
    {A, B, C, D, E}.
append_bits() -> A = id(<<5:3>>), B = <<A/bitstring, 1:2>>, C = <<B/bitstring, 255:11>>, D = <<B/bitstring, 0:1, "xyz">>, {A, B, C, D}.
append_many() -> B = lists:foldl(fun(I, A) -> <<A/binary, I:16, (integer_to_binary(I))/binary>> end, <<>>, lists:seq(1, 2000)), {byte_size(B), erlang:md5(B)}.
append_units() -> [try_it(fun() -> <<A/binary-unit:16, 1>> end) || A <- id([<<>>, <<1>>, <<1, 2>>, <<1, 2, 3>>])].
comprehension() -> << <<(X + 1):7>> || X <- id(lists:seq(1, 100)) >>.
comprehension_of_bits() -> << <<B:3>> || <<B:5>> <= id(<<"hello world, hello">>), B > 3 >>.
comprehension_of_values() -> Bin = << <<I:32, (integer_to_binary(I))/binary, (<<I:4>>)/bitstring>> || I <- id(lists:seq(1, 3000)) >>, {bit_size(Bin), erlang:md5(term_to_binary(Bin))}.
comprehension_fails() -> try_it(fun() -> << <<X:8>> || X <- id([1, 2, a]) >> end).
comprehension_keeps() ->
    L = id([{I, integer_to_list(I)} || I <- lists:seq(1, 500)]),
    {byte_size(<< <<(list_to_binary(S))/binary, I>> || {I, S} <- L >>), length(L), lists:last(L)}.
around() -> %% what lives across the construction is kept
    A = id([1, 2, {3, 4}]), B = id(<<"xyz">>), C = id(1.5),
    R = <<(length(A)):16, B/binary, C/float, (byte_size(B))>>, {A, B, C, R}.
heap_behind() -> X = id(9), {made, <<X, "q">>, [X | <<X:3>>], {X, <<X:40>>}}.
guard(B, N) when <<B/binary, N:8>> =:= <<"abc", 7>> -> yes;
guard(_, _) -> no.
in_guards() -> [guard(B, N) || {B, N} <- id([{<<"abc">>, 7}, {<<"abc">>, 8}, {<<"ab">>, 7}, {a, 7}, {<<"abc">>, x}])].
large() -> B = id(binary:copy(<<"0123456789">>, 1000)), C = <<1, B/binary, 2:16, B/binary>>, {byte_size(C), erlang:md5(C)}.
many_segments() ->
    [A, B, C, D, E, F] = id([1, 2, 3, 4, 5, 6]),
    <<A:1, B:2, C:3, D:4, E:5, F:6, A:7, B:8, C:9, D:10, E:11, F:12, A:13, B:14, C:15, D:16, E:17, F:18, A:19, B:20, "s", C/utf8, D/float>>.
with_lines() ->
    X = id(x),
    try_it(fun() ->
        <<1,
          X:8,
          2>>
    end).
