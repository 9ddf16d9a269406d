%% SPDX-License-Identifier: Apache-2.0
%% Binaries and bitstrings: construction, matching, all segment types, comprehensions, appending, erlang's and binary's functions.
-module(bits_cases).
-compile([export_all, nowarn_export_all]).
-import(conformance, [id/1, err/1, stack/1, sorted/1, in_process/1, flush/0, take/0, take/1, down/1, died/1, gone/2, frames/1]).

ints_() -> [0, 1, -1, 5, 127, 128, 255, 256, -128, -129, 65535, 1 bsl 31, -(1 bsl 31), 1 bsl 40, (1 bsl 59), -(1 bsl 60), 1 bsl 63, (1 bsl 64) - 1, -(1 bsl 64), 1 bsl 70, 16#123456789ABCDEF0123456789].
sizes_() -> [0, 1, 2, 3, 4, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 48, 59, 60, 61, 63, 64, 65, 72, 100, 128].

build_big() -> [[<<I:S>> || S <- sizes_()] || I <- ints_()].
build_little() -> [[<<I:S/little>> || S <- sizes_()] || I <- ints_()].
build_native() -> [[<<I:S/native>> || S <- [8, 16, 32, 64]] || I <- ints_()].
build_constant_sizes() -> I = id(16#123456789ABCDEF0), [<<I:1>>, <<I:4>>, <<I:8>>, <<I:13>>, <<I:16>>, <<I:24>>, <<I:32>>, <<I:40>>, <<I:56>>, <<I:64>>, <<I:80>>, <<I:16/little>>, <<I:24/little>>, <<I:32/little>>, <<I:64/little>>, <<I:72/little>>, <<I:13/little>>].
build_units() -> I = id(16#ABCD), [<<I:2/unit:8>>, <<I:3/unit:4>>, <<I:1/unit:256>>, <<I:(id(5))/unit:3>>, <<I:(id(2))/little-unit:7>>].
build_mixed_alignment() -> [<<1:1, I:S, 2:3, (I bsr 3):S/little>> || I <- [16#A5A5A5A5A5, -3], S <- sizes_()].
build_literals() -> [<<>>, <<1, 2, 3>>, <<"abc">>, <<"abc":16>>, <<"λ"/utf8>>, <<1:1>>, <<3:2, 5:6>>, <<"ab":16/little>>, <<"ab"/utf16>>, <<"a"/utf32-little>>].
build_binary_segment() -> B = id(<<1, 2, 3, 4, 5>>), [<<B/binary>>, <<0, B/binary, 9>>, <<B:2/binary>>, <<B:(id(3))/binary, B:1/binary>>, <<1:4, B/binary, 1:4>>, <<B:12/bits>>, <<B:(id(13))/bitstring>>].
build_bits_segment() -> B = id(<<5:3, 7:7>>), [<<B/bits>>, <<B/bits, B/bits>>, <<1:1, B/bits>>, <<B/bits, 1:6>>, <<B/bits, B/bits, B/bits, B/bits>>].
build_from_subbinary() -> <<_:3, B:20/bits, _/bits>> = id(<<16#123456789ABC:48>>), [B, <<B/bits, 0:4>>, <<1:4, B/bits>>, <<B:7/bits, B:13/bits>>, bit_size(B)].
build_utf8() -> [<<C/utf8>> || C <- [0, $a, 127, 128, 955, 2047, 2048, 8364, 65535, 65536, 128512, 1114111]].
build_utf16() -> [{<<C/utf16>>, <<C/utf16-little>>} || C <- [0, $a, 955, 8364, 65535, 65536, 128512, 1114111]].
build_utf32() -> [{<<C/utf32>>, <<C/utf32-little>>} || C <- [0, $a, 955, 128512, 1114111]].
build_utf_unaligned() -> [<<1:3, C/utf8, 2:5, C/utf16, C/utf32>> || C <- [$a, 955, 128512]].
build_utf_wrong() -> [err(fun() -> case id(T) of 8 -> <<(id(C))/utf8>>; 16 -> <<(id(C))/utf16>>; 32 -> <<(id(C))/utf32>> end end) || C <- [-1, 16#D800, 16#DFFF, 16#110000, a, 1.0, 1 bsl 70], T <- [8, 16, 32]].
build_wrong() -> [err(F) || F <- [fun() -> <<(id(a))>> end, fun() -> <<(id(1.0)):8>> end, fun() -> <<1:(id(-1))>> end, fun() -> <<1:(id(a))>> end, fun() -> <<(id(x))/binary>> end, fun() -> <<(id(<<1>>)):2/binary>> end, fun() -> <<(id(<<1:1>>))/binary>> end, fun() -> <<(id(<<1>>)):(id(-1))/binary>> end, fun() -> <<1:(id(1 bsl 70))>> end, fun() -> <<(id([])):8/float>> end, fun() -> <<(id(<<1, 2>>)):(id(17))/bits>> end]].
build_wrong_stack() -> [stack(F) || F <- [fun() -> <<(id(a)):8, 1>> end, fun() -> <<1, (id(x))/binary>> end, fun() -> <<1:(id(-1))>> end, fun() -> <<(id(<<1:1>>))/binary, 2>> end, fun() -> <<(id(16#D800))/utf8>> end, fun() -> <<(id(<<1>>)):4/binary>> end, fun() -> <<(id(a)):64/float>> end]].
match_unsigned() -> B = id(<<16#8123456789ABCDEFFEDCBA9876543210:128>>), [begin <<I:S, _/bits>> = B, I end || S <- sizes_()].
match_signed() -> B = id(<<16#8123456789ABCDEFFEDCBA9876543210:128>>), [begin <<I:S/signed, _/bits>> = B, I end || S <- sizes_()].
match_little() -> B = id(<<16#8123456789ABCDEFFEDCBA9876543210:128>>), [begin <<I:S/little, _/bits>> = B, I end || S <- sizes_()].
match_little_signed() -> B = id(<<16#8123456789ABCDEFFEDCBA98765432F0:128>>), [begin <<I:S/little-signed, _/bits>> = B, I end || S <- sizes_()].
match_unaligned() -> B = id(<<5:3, 16#8123456789ABCDEFFEDCBA9876543210:128, 1:5>>), [begin <<_:3, I:S, _/bits>> = B, <<_:3, J:S/little-signed, R/bits>> = B, {I, J, bit_size(R)} end || S <- sizes_()].
match_constant_sizes() -> <<A:1, B:4, C:8, D:13, E:16, F:24, G:32, H:40, I:56, J:64/signed, _/bits>> = id(<<16#F123456789ABCDEF0F1E2D3C4B5A69788796A5B4C3D2E1F0F123456789ABCDEF:256, 16#F123456789ABCDEF0F1E2D3C:128>>), {A, B, C, D, E, F, G, H, I, J}.
match_fixed_fields() -> [case id(B) of <<A:8, L:16, R/binary>> when byte_size(R) >= L -> <<P:L/binary, Q/binary>> = R, {A, P, Q}; _ -> short end || B <- [<<1, 0, 2, 3, 4, 5>>, <<1, 0, 9, 3>>, <<1>>, <<>>]].
match_literals() -> [ml_(B) || B <- [<<"GET /">>, <<"POST /x">>, <<"PUT">>, <<"G">>, <<>>, <<"GET">>, <<1:7>>, foo]].
ml_(<<"GET ", R/binary>>) -> {get, R};
ml_(<<"POST ", R/binary>>) -> {post, R};
ml_(<<"PUT">>) -> put;
ml_(<<C, _/binary>>) -> {other, C};
ml_(<<>>) -> empty;
ml_(B) when is_bitstring(B) -> bits;
ml_(_) -> none.
match_tail_kinds() -> [tk_(B) || B <- [<<>>, <<1>>, <<1, 2>>, <<1, 2, 3:3>>, <<5:5>>]].
tk_(<<A, B/binary>>) -> {A, B};
tk_(<<A, B/bits>>) -> {bits, A, B};
tk_(<<A:5, B/bits>>) -> {five, A, B};
tk_(<<>>) -> empty.
match_unit_tail() -> [case id(B) of <<_:4, R/binary-unit:4>> -> {R, bit_size(R)}; _ -> no end || B <- [<<1>>, <<1:4>>, <<1:12>>, <<1:13>>]].
match_size_expression() -> [case id(B) of <<N, P:(N * 2 - 1)/binary, R/binary>> -> {P, R}; _ -> no end || B <- [<<1, 5, 6>>, <<2, 5, 6, 7, 8>>, <<3, 1>>, <<0, 1>>]].
match_size_bound() -> N = id(3), [case id(B) of <<P:N/binary, _/binary>> -> P; _ -> no end || B <- [<<1, 2, 3, 4>>, <<1, 2>>]].
match_value_bound() -> V = id(7), [case id(B) of <<V, R/binary>> -> R; _ -> no end || B <- [<<7, 8>>, <<8, 7>>]].
match_value_segment() -> [case id(B) of <<258:16, X>> -> X; <<1:4, X:4>> -> {four, X}; _ -> no end || B <- [<<1, 2, 3>>, <<16#15>>, <<16#25>>]].
match_skip() -> [case id(B) of <<_:S, X:8, _/bits>> -> X; _ -> no end || S <- [0, 1, 7, 8, 9, 16], B <- [<<16#A5C3F0:24>>]].
match_float() -> [case id(B) of <<F/float, _/binary>> -> F; <<F:32/float>> -> F; _ -> no end || B <- [<<1.5/float>>, <<2.5:32/float>>, <<1, 2, 3>>]].
match_float_unaligned() -> <<_:3, F/float, G:32/float-little, _/bits>> = id(<<1:3, 1.25/float, -0.5:32/float-little, 3:2>>), {F, G}.
match_utf8() -> [mu8_(B) || B <- [<<"aλ€😀"/utf8>>, <<>>, <<128>>, <<16#C0, 128>>, <<16#E0, 128, 128>>, <<16#ED, 16#A0, 128>>, <<16#F4, 16#90, 128, 128>>, <<16#CE>>, <<$a, 16#F0, 16#9F>>, <<16#F8, 128, 128, 128, 128>>]].
mu8_(<<C/utf8, R/binary>>) -> [C | mu8_(R)];
mu8_(<<>>) -> [];
mu8_(R) -> {bad, R}.
match_utf16() -> [mu16_(B) || B <- [<<"aλ😀"/utf16>>, <<16#D8, 0>>, <<16#DC, 0, 0, 1>>, <<16#D8, 0, 0, 1>>, <<0>>, <<>>]].
mu16_(<<C/utf16, R/binary>>) -> [C | mu16_(R)];
mu16_(<<>>) -> [];
mu16_(R) -> {bad, R}.
match_utf16_little() -> [case id(B) of <<C/utf16-little, R/binary>> -> {C, R}; _ -> no end || B <- [<<"😀x"/utf16-little>>, <<0, 16#DC>>]].
match_utf32() -> [case id(B) of <<C/utf32, R/binary>> -> {C, R}; _ -> no end || B <- [<<"😀x"/utf32>>, <<0, 0, 16#D8, 0>>, <<0, 17, 0, 0>>, <<0, 0>>]].
match_utf32_little() -> [case id(B) of <<C/utf32-little, R/binary>> -> {C, R}; _ -> no end || B <- [<<"😀x"/utf32-little>>, <<0, 16#D8, 0, 0>>]].
match_utf_skip() -> [case id(B) of <<_/utf8, _/utf8, R/binary>> -> R; _ -> no end || B <- [<<"aλc"/utf8>>, <<"a">>, <<"a", 255>>]].
match_utf_unaligned() -> <<_:3, A/utf8, B/utf16, C/utf32, R/bits>> = id(<<1:3, 955/utf8, 128512/utf16, 8364/utf32, 1:2>>), {A, B, C, R}.
match_two_contexts() -> [m2_(A, B) || {A, B} <- [{<<1, 2>>, <<1, 2>>}, {<<1, 2>>, <<1, 3>>}, {<<1>>, <<1, 2>>}, {<<>>, <<>>}]].
m2_(<<X, A/binary>>, <<X, B/binary>>) -> m2_(A, B);
m2_(<<>>, <<>>) -> same;
m2_(A, B) -> {differ, A, B}.
match_context_reuse() -> mcr_(id(<<1, 2, 3, 255, 4, 5>>), []).
mcr_(<<255, R/binary>>, Acc) -> {lists:reverse(Acc), R};
mcr_(<<C, R/binary>>, Acc) -> mcr_(R, [C | Acc]);
mcr_(<<>>, Acc) -> {lists:reverse(Acc), none}.
match_context_kept() -> B = id(<<1, 2, 3, 4, 5, 6>>), <<_, R/binary>> = B, <<X, Y/binary>> = R, {X, Y, R, B}.
match_not_binary() -> [case id(X) of <<_/binary>> -> binary; <<_/bits>> -> bits; _ -> other end || X <- [<<>>, <<1:1>>, [], a, 1, {}, #{}]].
match_error() -> [err(fun() -> <<A:16>> = id(<<1>>), A end), err(fun() -> S = id(-1), <<A:S, _/bits>> = id(<<1>>), A end), err(fun() -> S = id(a), <<A:S, _/bits>> = id(<<1>>), A end)].
match_and_select() -> [ms_(<<T, 1, 2, 3>>) || T <- [0, 1, 2, 3, 9]] ++ [ms_(<<>>), ms_(<<2>>)].
ms_(<<0, R/binary>>) -> {zero, R};
ms_(<<1, A:16, _/binary>>) -> {one, A};
ms_(<<2, A:8/signed, B:16/little>>) -> {two, A, B};
ms_(<<3, R/bits>>) -> {three, R};
ms_(<<T, _/binary>>) -> {unknown, T};
ms_(_) -> none.
match_large_sizes() -> [case id(B) of <<_:S/binary, _/bits>> -> yes; _ -> no end || B <- [<<1, 2, 3>>], S <- [0, 3, 4, 1 bsl 60, 1 bsl 64, 1 bsl 70]].
match_bits_parser() -> mbp_(id(<<2#1011001110001111:16, 2#101:3>>)).
mbp_(<<0:1, R/bits>>) -> [zero | mbp_(R)];
mbp_(<<1:1, 1:1, 1:1, R/bits>>) -> [three | mbp_(R)];
mbp_(<<1:1, R/bits>>) -> [one | mbp_(R)];
mbp_(<<>>) -> [].
ipv4() -> <<V:4, HL:4, Tos, Len:16, Id:16, Flags:3, Off:13, Ttl, Proto, Sum:16, Src:4/binary, Dst:4/binary, Opts:((HL - 5) * 4)/binary, Data/binary>> = id(<<16#4600001C00010000400600007F0000010A00000201020304:192, "data">>), {V, HL, Tos, Len, Id, Flags, Off, Ttl, Proto, Sum, Src, Dst, Opts, Data}.
append_loop() -> ap_(300, <<>>).
ap_(0, A) -> A;
ap_(N, A) -> ap_(N - 1, <<A/binary, (N rem 256)>>).
append_fork() -> A = ap_(50, <<>>), B = <<A/binary, 1>>, C = <<A/binary, 2>>, D = <<B/binary, 3>>, E = <<B/binary, 4>>, {byte_size(A), binary:last(B), binary:last(C), binary:last(D), binary:last(E), binary:part(D, 49, 3), binary:part(E, 49, 3), C =:= <<A/binary, 2>>}.
append_bits() -> lists:foldl(fun(N, A) -> <<A/bits, N:3>> end, <<>>, lists:seq(1, 100)).
append_many_kinds() -> lists:foldl(fun(N, A) -> <<A/binary, N:16/little, (N * 1.5)/float, "x", N/utf8>> end, <<"start">>, lists:seq(100, 110)).
append_large() -> B = lists:foldl(fun(N, A) -> <<A/binary, N:32>> end, <<>>, lists:seq(1, 5000)), {byte_size(B), erlang:md5(B), erlang:crc32(B)}.
append_keeps_old() -> A = ap_(100, <<>>), Self = self(), P = spawn_link(fun() -> receive X -> Self ! {back, X, <<X/binary, 9>>} end end), P ! A, B = <<A/binary, 7>>, receive {back, X, Y} -> {X =:= A, binary:last(Y), binary:last(B), byte_size(Y)} end.
prepend_loop() -> lists:foldl(fun(N, A) -> <<N, A/binary>> end, <<>>, lists:seq(1, 60)).
comprehension_list_to_bits() -> [<< <<X:4>> || X <- [1, 2, 3] >>, << <<X>> || X <- lists:seq(1, 300), X rem 7 =:= 0 >>, << <<X/utf8>> || X <- "aλ€" >>].
comprehension_bits_to_list() -> [[X || <<X:4>> <= id(<<16#12345:20>>)], [X || <<X>> <= id(<<1, 2, 3, 4:4>>)], [{A, B} || <<A, B:16>> <= id(<<1, 2, 3, 4, 5, 6, 7>>)], [C || <<C/utf8>> <= id(<<"aλb", 255, "c"/utf8>>)]].
comprehension_bits_to_bits() -> [<< <<(X bxor 255)>> || <<X>> <= id(<<1, 2, 3>>) >>, << <<X:1>> || <<X:3>> <= id(<<16#ABCDEF:24>>), X > 3 >>, << <<B:2/binary>> || <<B:2/binary, _>> <= id(<<1, 2, 3, 4, 5, 6, 7>>) >>].
comprehension_filter_pattern() -> [X || <<1:1, X:7>> <= id(<<129, 2, 130, 3, 255>>)].
comprehension_wrong() -> [err(fun() -> [X || <<X>> <= id(foo)] end), err(fun() -> << <<X>> || X <- id(foo) >> end), err(fun() -> << <<X/binary>> || X <- id([<<1>>, a]) >> end), err(fun() -> [X || X <- id([1 | 2])] end)].
hex() -> [<< <<(hx_(H)), (hx_(L))>> || <<H:4, L:4>> <= id(<<0, 1, 16#AB, 255>>) >>, binary:encode_hex(<<0, 1, 16#AB, 255>>), binary:decode_hex(<<"0001abFF">>), binary:encode_hex(<<171>>, lowercase)].
hx_(N) when N < 10 -> $0 + N;
hx_(N) -> $a + N - 10.
sizes() -> [{byte_size(B), bit_size(B), is_binary(B), is_bitstring(B)} || B <- [<<>>, <<1>>, <<1:1>>, <<1:9>>, ap_(100, <<>>)]].
sizes_wrong() -> [err(fun() -> byte_size(id(a)) end), err(fun() -> bit_size(id([])) end), err(fun() -> size(id(a)) end), stack(fun() -> byte_size(id(a)) end)].
compare() -> L = [<<>>, <<0>>, <<1>>, <<1, 2>>, <<1:1>>, <<0:1>>, <<2, 0:1>>, <<1, 2, 3>>, <<255>>, <<1:9>>], lists:sort(L).
compare_pairs() -> L = [<<>>, <<0:1>>, <<0>>, <<1:4>>, <<1>>, <<1, 0:3>>, <<1, 1:2>>], [[{A < B, A =:= B} || B <- L] || A <- L].
equal_subbinaries() -> <<_:3, A:16/bits, _/bits>> = id(<<5:3, 258:16, 7:5>>), {A =:= <<1, 2>>, <<1, 2>> == A, A < <<1, 3>>, erlang:phash2(A) =:= erlang:phash2(<<1, 2>>), #{A => x} =:= #{<<1, 2>> => x}}.
split_binary() -> [split_binary(id(<<1, 2, 3>>), N) || N <- [0, 1, 3]] ++ [err(fun() -> split_binary(id(<<1>>), 2) end), err(fun() -> split_binary(id(a), 0) end)].
to_list() -> [binary_to_list(<<1, 2, 3>>), binary_to_list(<<1, 2, 3, 4>>, 2, 3), bitstring_to_list(<<1, 2, 3:3>>), bitstring_to_list(<<>>), binary_to_list(<<>>)].
to_list_wrong() -> [err(F) || F <- [fun() -> binary_to_list(id(<<1:1>>)) end, fun() -> binary_to_list(id(a)) end, fun() -> binary_to_list(id(<<1, 2>>), 0, 1) end, fun() -> binary_to_list(id(<<1, 2>>), 2, 1) end, fun() -> binary_to_list(id(<<1, 2>>), 1, 3) end]].
from_list() -> [list_to_binary(L) || L <- [[], [1, 2], [[1], <<2, 3>>, [[4]]], [1 | <<2>>], [<<>>, [], [[]]]]].
from_list_wrong() -> [err(fun() -> list_to_binary(id(L)) end) || L <- [a, [256], [-1], [a], [1 | 2], <<1>>, [1.0], [<<1:1>>]]].
iolists() -> [{iolist_size(L), iolist_to_binary(L)} || L <- [[], <<>>, <<1>>, [1, [2, <<3, 4>>] | <<5>>]]] ++ [err(fun() -> iolist_size(id([a])) end), err(fun() -> iolist_to_binary(id(a)) end)].
bitlists() -> [list_to_bitstring(L) || L <- [[], [1, <<1:1>>, 2], [<<1:3>>, <<2:3>>], [<<1:4>> | <<2:4>>]]] ++ [err(fun() -> list_to_bitstring(id([a])) end)].
iovec() -> {iolist_to_binary(erlang:iolist_to_iovec([1, <<2, 3>>, [4, [<<5>>]]])), erlang:iolist_to_iovec([]), err(fun() -> erlang:iolist_to_iovec(id(a)) end)}.
deep_iolist() -> L = lists:foldl(fun(N, A) -> [A, N rem 256, <<N:16>>] end, [], lists:seq(1, 20000)), {iolist_size(L), erlang:md5(L)}.
deep_iolist_right() -> L = lists:foldl(fun(N, A) -> [[N rem 256] | [A]] end, <<7>>, lists:seq(1, 20000)), {iolist_size(L), erlang:md5(L)}.
binary_part() -> [binary_part(<<1, 2, 3, 4>>, {1, 2}), binary_part(<<1, 2, 3, 4>>, 4, -2), binary:part(<<1, 2, 3>>, {3, 0}), binary:part(<<1, 2, 3>>, 0, 3)].
binary_part_wrong() -> [err(fun() -> binary_part(id(B), P, L) end) || {B, P, L} <- [{<<1>>, 0, 2}, {<<1>>, -1, 1}, {<<1>>, 1, -2}, {a, 0, 0}, {<<1>>, a, 0}, {<<1>>, 2, 0}]].
binary_part_guard() -> [case id(B) of X when binary_part(X, 0, 2) =:= <<"ab">> -> yes; _ -> no end || B <- [<<"abc">>, <<"a">>, foo]].
binary_at() -> [binary:at(<<1, 2, 3>>, 1), binary:first(<<5, 6>>), binary:last(<<5, 6>>), err(fun() -> binary:at(id(<<1>>), 1) end), err(fun() -> binary:first(id(<<>>)) end), err(fun() -> binary:last(id(<<>>)) end)].
binary_copy() -> [binary:copy(<<1, 2>>), binary:copy(<<1, 2>>, 3), binary:copy(<<>>, 5), binary:copy(<<1>>, 0), err(fun() -> binary:copy(id(<<1>>), -1) end)].
binary_match() -> B = <<"abcabcabd">>, [binary:match(B, <<"c">>), binary:match(B, <<"abd">>), binary:match(B, <<"x">>), binary:match(B, [<<"bd">>, <<"ca">>]), binary:match(B, <<"ab">>, [{scope, {1, 6}}]), binary:match(B, <<"ab">>, [{scope, {9, -4}}]), binary:match(<<>>, <<"a">>), binary:match(B, [<<"abcabd">>, <<"abc">>])].
binary_matches() -> B = <<"abcabcabdaaaa">>, [binary:matches(B, <<"ab">>), binary:matches(B, <<"aa">>), binary:matches(B, [<<"a">>, <<"abc">>]), binary:matches(B, <<"zz">>), binary:matches(B, [<<"aa">>, <<"aaaa">>]), binary:matches(B, <<"ab">>, [{scope, {2, 8}}])].
binary_match_compiled() -> C = binary:compile_pattern([<<"ab">>, <<"cd">>]), D = binary:compile_pattern(<<"xyz">>), [binary:match(<<"zzcd">>, C), binary:matches(<<"abcdab">>, C), binary:split(<<"1ab2cd3">>, C, [global]), binary:match(<<"wxyz">>, D)].
binary_match_wrong() -> [err(F) || F <- [fun() -> binary:match(id(a), <<"a">>) end, fun() -> binary:match(id(<<"a">>), <<>>) end, fun() -> binary:match(id(<<"a">>), []) end, fun() -> binary:match(id(<<"a">>), [<<>>]) end, fun() -> binary:match(<<"a">>, <<"a">>, [foo]) end, fun() -> binary:match(<<"a">>, <<"a">>, [{scope, {0, 5}}]) end, fun() -> binary:compile_pattern(id([])) end, fun() -> binary:matches(<<1:3>>, <<1>>) end]].
binary_match_long() -> B = binary:copy(<<"abcdefghij">>, 1000), [binary:match(B, <<"jabcdefghijx">>), length(binary:matches(B, <<"ja">>)), length(binary:matches(B, [<<"abc">>, <<"fgh">>, <<"j">>])), binary:match(<<B/binary, "needle">>, <<"needle">>), length(binary:split(B, <<"e">>, [global]))].
binary_split() -> [binary:split(<<"a,b,c">>, <<",">>), binary:split(<<"a,b,c">>, <<",">>, [global]), binary:split(<<",a,,b,">>, <<",">>, [global]), binary:split(<<",a,,b,">>, <<",">>, [global, trim]), binary:split(<<",a,,b,">>, <<",">>, [global, trim_all]), binary:split(<<"abc">>, <<"x">>), binary:split(<<>>, <<"x">>), binary:split(<<"a1b2c">>, [<<"1">>, <<"2">>], [global])].
binary_replace() -> [binary:replace(<<"abcabc">>, <<"b">>, <<"X">>), binary:replace(<<"abcabc">>, <<"b">>, <<"XY">>, [global]), binary:replace(<<"abcabc">>, <<"b">>, <<"[]">>, [{insert_replaced, 1}]), binary:replace(<<"abcabc">>, [<<"a">>, <<"c">>], <<>>, [global]), binary:replace(<<"abc">>, <<"b">>, fun(X) -> <<X/binary, X/binary>> end, [])].
binary_prefix_suffix() -> [binary:longest_common_prefix([<<"abc">>, <<"abd">>]), binary:longest_common_suffix([<<"xbc">>, <<"abc">>]), binary:longest_common_prefix([<<"abc">>]), binary:longest_common_prefix([<<>>, <<"a">>]), err(fun() -> binary:longest_common_prefix(id([])) end)].
binary_lists() -> [binary:bin_to_list(<<1, 2, 3>>), binary:bin_to_list(<<1, 2, 3>>, 1, 2), binary:bin_to_list(<<1, 2, 3>>, {2, -1}), binary:list_to_bin([1, <<2>>]), err(fun() -> binary:bin_to_list(id(<<1>>), 2, 1) end)].
binary_unsigned() -> [binary:encode_unsigned(N) || N <- [0, 255, 256, 1 bsl 64]] ++ [binary:decode_unsigned(<<1, 2>>), binary:decode_unsigned(<<1, 2>>, little), binary:decode_unsigned(<<>>), binary:decode_unsigned(<<0, 0, 1:72>>), err(fun() -> binary:encode_unsigned(id(-1)) end), err(fun() -> binary:decode_unsigned(id(a)) end)].
binary_join() -> [binary:join([<<"a">>, <<"b">>], <<", ">>), binary:join([], <<"x">>), binary:join([<<"a">>], <<"x">>)].
referenced() -> B = binary:copy(<<1>>, 1000), <<_:10/binary, C:5/binary, _/binary>> = B, {binary:referenced_byte_size(B), byte_size(C), err(fun() -> binary:referenced_byte_size(id(a)) end)}.
checksums() -> [erlang:crc32(<<"hello">>), erlang:crc32(5, <<"hello">>), erlang:crc32_combine(erlang:crc32(<<"he">>), erlang:crc32(<<"llo">>), 3), erlang:adler32(<<"hello">>), erlang:adler32(7, ["he", <<"llo">>]), erlang:adler32_combine(erlang:adler32(<<"he">>), erlang:adler32(<<"llo">>), 3), erlang:md5(<<"hello">>), erlang:md5(["he", <<"llo">>])].
md5_parts() -> C = erlang:md5_update(erlang:md5_update(erlang:md5_init(), <<"he">>), ["llo"]), erlang:md5_final(C).
checksums_wrong() -> [err(fun() -> erlang:crc32(id(a)) end), err(fun() -> erlang:md5(id([a])) end), err(fun() -> erlang:adler32(id(-1), <<>>) end)].
base64() -> [base64:encode(<<"hello world">>), base64:encode("a"), base64:decode(<<"aGVsbG8=">>), base64:decode("aGVs bG8="), base64:encode(<<255, 254, 253>>, #{mode => urlsafe}), err(fun() -> base64:decode(<<"a">>) end)].
large_binary_slices() -> B = << <<N:16>> || N <- lists:seq(0, 4000) >>, [binary:part(B, P, 4) || P <- [0, 100, 4000, 7998]].
send_subbinary() -> B = << <<N:16>> || N <- lists:seq(0, 1000) >>, <<_:100/binary, C:20/binary, _/binary>> = B, in_process(fun() -> <<C/binary, (erlang:crc32(B)):32>> end).
bits_in_terms() -> [{<<1:3>>, [<<5:7>>], #{<<1:1>> => <<2:2>>}}, lists:flatten(io_lib:format("~p ~w ~s", [<<1:3>>, <<1, 2:2>>, <<"abc">>]))].
phash_bits() -> [erlang:phash2(B) || B <- [<<>>, <<0>>, <<1>>, <<1:1>>, <<0:1>>, <<1, 2, 3>>, <<1, 2, 3:5>>, <<"hello world, this is a rather long binary of some bytes">>, binary:copy(<<7>>, 100)]].
gc_of_binaries() -> L = [binary:copy(<<N>>, 100) || N <- lists:seq(1, 200)], erlang:garbage_collect(), lists:sum([binary:first(B) + byte_size(B) || B <- L]).
bit_reverse() -> br_(id(<<2#1100101:7, 2#00110011>>), <<>>).
br_(<<B:1, R/bits>>, A) -> br_(R, <<B:1, A/bits>>);
br_(<<>>, A) -> A.
bs_get_tail_forms() -> [case id(B) of <<"a", R/binary>> -> {R, byte_size(B)}; <<R/binary>> -> R end || B <- [<<"abc">>, <<"xbc">>]].
bs_position_backtrack() -> [bb_(B) || B <- [<<1, 2, 3>>, <<1, 2, 4>>, <<1, 5>>, <<2>>]].
bb_(<<1, R/binary>> = W) -> case R of <<2, 3>> -> a; <<2, _>> -> {b, W}; <<X>> -> {c, X, W} end;
bb_(W) -> {d, W}.
varint() -> [vi_(B, 0, 0) || B <- [<<0>>, <<127>>, <<128, 1>>, <<255, 255, 3, 9>>, <<255, 255, 255, 255, 255, 255, 255, 255, 255, 1>>, <<128>>]].
vi_(<<1:1, X:7, R/binary>>, S, A) -> vi_(R, S + 7, A bor (X bsl S));
vi_(<<0:1, X:7, R/binary>>, S, A) -> {A bor (X bsl S), R};
vi_(<<>>, _, _) -> incomplete.

match_skip_wide_utf() -> [sw_(B) || B <- [<<"😀x"/utf16>>, <<"ax"/utf32>>, <<16#DC, 0, 1>>, <<0, 17, 0, 0, 1>>, <<>>]].
sw_(<<_/utf16, $x:16>>) -> wide16;
sw_(<<_/utf32, $x:32>>) -> wide32;
sw_(<<_/utf16-little, R/binary>>) -> {little, R};
sw_(_) -> none.
match_long_literal() -> [ll_(B) || B <- [<<"a literal of more than eight bytes!">>, <<"a literal of more than eight bytes?">>, <<"a literal">>, <<1:1, "unaligned literal text">>]].
ll_(<<"a literal of more than eight bytes!">>) -> bang;
ll_(<<"a literal of more than eight bytes", R/binary>>) -> {rest, R};
ll_(<<1:1, "unaligned literal text">>) -> unaligned;
ll_(<<"a lit", R/bits>>) -> {short, R};
ll_(_) -> none.
append_integers() -> [{S, ai_(S, 40, <<>>, [])} || S <- [bytes, odd, strings, wide, bits]].
ai_(_, 0, B, Old) -> {byte_size(B), bit_size(B), erlang:phash2(B), erlang:phash2(Old), lists:nth(20, Old)};
ai_(bytes, N, B, Old) -> ai_(bytes, N - 1, <<B/binary, N:16, (N * 7):8, (-N):24>>, [B | Old]);
ai_(odd, N, B, Old) -> ai_(odd, N - 1, <<B/bits, N:3, (N bsl 70):9, N:17>>, [B | Old]);
ai_(strings, N, B, Old) -> ai_(strings, N - 1, <<B/binary, "ab", N, "cd">>, [B | Old]);
ai_(wide, N, B, Old) -> ai_(wide, N - 1, <<B/binary, (-N):64>>, [B | Old]);
ai_(bits, N, B, Old) -> ai_(bits, N - 1, <<B/bits, N:1>>, [B | Old]).
append_integers_private() -> [begin B = ap_(S, N, id(<<>>)), {byte_size(B), erlang:phash2(B)} end || S <- [0, 1, 2], N <- [0, 1, 7, 8, 9, 20, 30, 100, 1000]].
ap_(_, 0, B) -> B;
ap_(0, N, B) -> ap_(0, N - 1, <<B/binary, N:16, N>>);
ap_(1, N, B) -> ap_(1, N - 1, <<B/bits, N:5, "x", N:7>>);
ap_(2, N, B) -> ap_(2, N - 1, <<B/binary, (1 bsl 62 + N):64>>).
append_integers_wrong() -> [err(fun() -> B = id(X), C = id(Y), <<B/binary, C:16, "z">> end) || {X, Y} <- [{<<>>, a}, {<<1:1>>, 1}, {a, 1}, {<<1>>, 1.0}, {[], <<>>}]].
append_integers_twice() -> B = id(<<(id(<<"a base that is a little longer than all that is kept inline, as it must be">>))/binary, 1:8>>), C = <<B/binary, 2:8, 3:16>>, D = <<B/binary, 4:8>>, E = <<C/binary, 5:8>>, [B, C, D, E].
create_integers() -> [[<<I:3, 1:5>>, <<I:8, I:16>>, <<I:60, 1:4>>, <<I:64>>, <<I:1>>, <<"ab", I:8>>, <<I:16, "defg">>, <<I:4, "x", I:4>>] || I <- ints_()].
create_integers_wrong() -> [err(fun() -> I = id(X), <<I:16, 1:8>> end) || X <- [a, 1.0, <<1>>, []]].
digits() -> [dg_(B, 0, 0) || B <- [<<"12,345,6789,">>, <<"99999999999999999999999999,1,">>, <<"1152921504606846975,1152921504606846976,">>, <<"12x">>, <<1:1, "12,">>]] ++ [begin <<_:3, B/bits>> = id(<<5:3, "4711,12,", 0:5>>), dg_(B, 0, 0) end].
dg_(<<C, R/binary>>, N, A) when C >= $0, C =< $9 -> dg_(R, N * 10 + C - $0, A);
dg_(<<$,, R/binary>>, N, A) -> dg_(R, 0, A + N);
dg_(<<>>, N, A) -> {N, A};
dg_(R, N, A) -> {R, N, A}.
first_byte_at_any_bit() -> B = id(<<16#0123456789ABCDEF:64>>), [fb_(P, B) || P <- lists:seq(0, 63)].
fb_(P, B) -> <<_:P, R/bits>> = B, case R of <<X, _/binary>> -> {bytes, X}; <<X, _/bits>> -> {bits, X}; _ -> short end.
%% The literal is moved into a register that is not among the live ones of the match.
match_a_literal() -> [begin <<_:16, R/bits>> = <<"abc">>, R end, mlit_(0), mlit_(1), mlit_(id(2), <<"x">>)].
mlit_(0) -> <<A, B/binary>> = <<"literal">>, {A, B};
mlit_(1) -> <<A:4, B/bits>> = <<"l">>, [A, B].
mlit_(N, X) -> garbage_(N), <<A, B/binary>> = <<"literal">>, {X, A, B}.
garbage_(N) -> erlang:garbage_collect(), id(N).
%% More bits than any bitstring has, and more than 32 bits count.
match_huge_sizes() -> [mh_(B) || B <- [<<>>, <<1, 2, 3>>, <<1:1>>, <<0:800>>]].
mh_(B) -> [case id(B) of <<X:8, _:2147483648>> -> X; _ -> no end, case id(B) of <<X:8, _:(1 bsl 33), _/bits>> -> X; _ -> no end,
    case id(B) of <<X:8, _:(1 bsl 64)>> -> X; _ -> no end, case id(B) of <<X:8, _:(1 bsl 64), R/bits>> -> {X, R}; _ -> no end,
    case id(B) of <<X:8, R:(1 bsl 32)/bits>> -> {X, R}; _ -> no end, case id(B) of <<X:8, R:(1 bsl 30)/binary, _/binary>> -> {X, R}; _ -> no end,
    case id(B) of <<X:16/unit:256, _:(1 bsl 70)/bits>> -> X; <<X, _/bits>> -> X; _ -> no end].
%% A list with shared parts, larger than any binary.
iolist_size_huge() -> B = <<0:(1 bsl 20)/unit:8>>, [iolist_size(lists:foldl(fun(_, L) -> [L, L | "ab"] end, B, lists:seq(1, N))) || N <- [4, 12, 14, 16]].
