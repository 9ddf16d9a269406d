%% SPDX-License-Identifier: Apache-2.0
%% Text: unicode, string, io_lib, binaries as text, uri_string, json, and what of the standard library works on them.
-module(text_cases).
-compile([export_all, nowarn_export_all]).
-import(conformance, [id/1, err/1, stack/1, sorted/1, in_process/1, flush/0, take/0, take/1, down/1, died/1, gone/2, frames/1]).

samples_() -> ["", "abc", "aλb", "日本語", "e\x{301}x", "👨‍👩‍👧", "\r\n\t ", "ÅÄÖåäö", "ß", "ﬁ"].
bins_() -> [unicode:characters_to_binary(S) || S <- samples_()].

characters_to_binary() -> [unicode:characters_to_binary(S) || S <- samples_()].
characters_to_binary_encodings() -> [unicode:characters_to_binary("aλ😀", unicode, E) || E <- [utf8, utf16, utf32, {utf16, little}, {utf32, little}, {utf16, big}]].
characters_to_binary_latin1() -> [unicode:characters_to_binary("aåö", unicode, latin1), unicode:characters_to_binary("aλb", unicode, latin1), unicode:characters_to_binary(<<"a", 229>>, latin1, utf8), unicode:characters_to_binary([<<229>>, "x"], latin1)].
characters_to_binary_mixed() -> [unicode:characters_to_binary([<<"a">>, [955, [<<"b"/utf8>>]] | <<"c">>]), unicode:characters_to_binary([$a | <<"b">>]), unicode:characters_to_binary([])].
characters_to_binary_errors() -> [unicode:characters_to_binary(<<"ab", 255, "cd">>), unicode:characters_to_binary(<<"ab", 16#CE>>), unicode:characters_to_binary(["ab", 16#D800, "c"]), unicode:characters_to_binary([<<"a", 16#E2>>, <<16#82, 16#AC>>]), unicode:characters_to_binary(["a", 16#110000])].
characters_to_list() -> [unicode:characters_to_list(B) || B <- bins_()] ++ [unicode:characters_to_list([<<"a">>, "b", [955]]), unicode:characters_to_list(<<0, 97, 3, 187>>, utf16), unicode:characters_to_list(<<97, 0>>, {utf16, little}), unicode:characters_to_list(<<229>>, latin1)].
characters_to_list_errors() -> [unicode:characters_to_list(<<"ab", 255>>), unicode:characters_to_list(<<"ab", 16#E2, 16#82>>), unicode:characters_to_list([<<"x">>, 16#D800]), unicode:characters_to_list(<<16#C0, 128>>), unicode:characters_to_list(<<16#ED, 16#A0, 128>>), unicode:characters_to_list(<<16#F5, 128, 128, 128>>)].
characters_wrong() -> [err(fun() -> unicode:characters_to_list(id(a)) end), err(fun() -> unicode:characters_to_binary(id([a])) end), err(fun() -> unicode:characters_to_binary(id([1 | 2])) end), err(fun() -> unicode:characters_to_binary(<<>>, id(foo), utf8) end)].
characters_long() -> S = lists:flatten(lists:duplicate(2000, "aλ€😀")), B = unicode:characters_to_binary(S), {byte_size(B), unicode:characters_to_list(B) =:= S, erlang:md5(B)}.
characters_long_incomplete() -> B = unicode:characters_to_binary(lists:duplicate(3000, 955)), L = byte_size(B) - 1, <<C:L/binary, _>> = B, {incomplete, D, R} = unicode:characters_to_list(C), {length(D), R}.
normal_forms() -> [{unicode:characters_to_nfc_list(S), unicode:characters_to_nfd_list(S), unicode:characters_to_nfkc_list(S), unicode:characters_to_nfkd_binary(S)} || S <- ["é", "e\x{301}", "ﬁ", "Å", "한글", "abc"]].
bom() -> [unicode:bom_to_encoding(<<239, 187, 191, "a">>), unicode:bom_to_encoding(<<254, 255>>), unicode:bom_to_encoding(<<"a">>), unicode:encoding_to_bom(utf8)].
lengths() -> [{string:length(S), string:length(unicode:characters_to_binary(S)), length(S)} || S <- samples_()].
graphemes() -> [string:to_graphemes(S) || S <- samples_()].
next_grapheme() -> [{string:next_grapheme(S), string:next_codepoint(S)} || S <- samples_()].
case_changes() -> [{string:uppercase(S), string:lowercase(S), string:titlecase(S), string:casefold(S)} || S <- ["abc", "ABC", "straße", "ÅÄÖ", "ǆ", "İ", "ΑΣ", ""]].
case_changes_binary() -> [{string:uppercase(B), string:lowercase(B)} || B <- [<<"aBc">>, <<"ÅÄÖß"/utf8>>, <<>>]].
trims() -> [{string:trim(S), string:trim(S, leading), string:trim(S, trailing), string:trim(S, both, "x")} || S <- ["  abc  ", "xxabcxx", "", " ", <<"  ab ">>, "\t\n a \r\n"]].
splits() -> [string:split("a,b,c", ","), string:split("a,b,c", ",", all), string:split("a,b,c", ",", trailing), string:split(<<"a--b">>, "--"), string:split("abc", "x"), string:split("", ","), string:split(<<"aλbλc"/utf8>>, "λ", all)].
lexemes() -> [string:lexemes("a b  c", " "), string:lexemes(<<"a,b;c">>, ",;"), string:lexemes("", ","), string:lexemes("a\r\nb", ["\r\n"]), string:tokens("a b  c", " "), string:nth_lexeme("a b c", 2, " ")].
finds() -> [string:find("abcabc", "ca"), string:find("abcabc", "b", trailing), string:find("abc", "x"), string:find(<<"aλb"/utf8>>, "λ"), string:prefix("abc", "ab"), string:prefix("abc", "b"), string:prefix(<<"λx"/utf8>>, "λ")].
replaces() -> [string:replace("abab", "b", "X"), string:replace("abab", "b", "X", all), string:replace("abab", "b", "X", trailing), string:replace(<<"aλ"/utf8>>, "λ", "l")].
slices() -> [string:slice("abcdef", 2), string:slice("abcdef", 1, 3), string:slice(<<"aλb"/utf8>>, 1, 1), string:slice("abc", 5), string:slice("e\x{301}bc", 1)].
pads() -> [string:pad("ab", 5), string:pad("ab", 5, leading), string:pad("ab", 5, both, $*), string:pad("λ", 3, trailing, "é"), lists:flatten(string:pad("abc", 2))].
compares() -> [string:equal("abc", <<"abc">>), string:equal("ABC", "abc", true), string:equal("e\x{301}", "é", false, nfc), string:equal("a", "b"), string:is_empty(""), string:is_empty(<<>>), string:is_empty("a")].
takes() -> [string:take("abc123", "abc"), string:take("abc123", lists:seq($0, $9), true), string:take("abc123", "123", false, trailing), string:take(<<"aab">>, "a")].
numbers() -> [string:to_integer("12abc"), string:to_integer("-5"), string:to_integer("x"), string:to_integer(<<"77 ">>), string:to_float("1.5e3x"), string:to_float("1"), string:to_float("abc"), string:to_integer("")].
reverses() -> [string:reverse(S) || S <- samples_()].
jaro() -> case erlang:function_exported(string, jaro_similarity, 2) of true -> [string:jaro_similarity("michelle", "michael"), string:jaro_similarity("", ""), string:jaro_similarity("a", "b")]; false -> none end.
old_string_functions() -> [string:str("abcabc", "ca"), string:rstr("abcabc", "bc"), string:substr("abcdef", 2, 3), string:strip("  a "), string:join(["a", "b"], ", "), string:centre("ab", 6), string:left("ab", 4), string:right("ab", 4), string:words("a b c"), string:to_upper("abc"), string:chr("abc", $b), string:span("aab", "a"), string:copies("ab", 3), string:concat("a", "b")].
format_columns() -> [lists:flatten(io_lib:format(F, A)) || {F, A} <- [{"~10w|", [abc]}, {"~-10w|", [abc]}, {"~10.5w|", [abcdefghijk]}, {"~10.5.*w|", [$x, abc]}, {"~3s", ["abcdef"]}, {"~10ts|", ["λ"]}, {"~tc~tc", [955, 8364]}, {"~*c", [3, $x]}, {"~0p", [{a, [b]}]}, {"~w ~p", ["abc", "abc"]}, {"~lp", ["abc"]}, {"~ts", [<<"λ"/utf8>>]}, {"~s", [abc]}, {"~s", [["a", <<"b">>, [$c]]]}]].
format_pretty() -> [lists:flatten(io_lib:format("~p", [T])) || T <- [[{alpha, "text", 1.0}, {beta, [1, 2, 3], <<"b">>}, {gamma, {nested, {tuple, [deep, deeper, "deepest"]}}}, {delta, lists:seq(1, 30)}], lists:duplicate(30, <<"binary">>), {lists:duplicate(20, atom_name), "a rather long string " ++ lists:duplicate(80, $z)}, [[]], [[[[[a]]]]], "multi\nline"]].
format_columns_limited() -> [lists:flatten(io_lib:format("~30p~n", [{configuration, [{key_one, "value one"}, {key_two, [1, 2, 3]}], #{}}])), lists:flatten(io_lib:format("~20.5p", [{abc, def, ghi, jkl}]))].
format_chars_limit() -> [lists:flatten(io_lib:format("~p", [lists:seq(1, 100)], [{chars_limit, 40}])), lists:flatten(io_lib:format("~s ~w", ["abcdef", {a, b, [c, d, e, f, g]}], [{chars_limit, 20}]))].
format_scan() -> [length(io_lib:scan_format("~w and ~s~n", [a, "b"]))].
latin1_lists() -> [io_lib:latin1_char_list("abc"), io_lib:latin1_char_list([955]), io_lib:printable_latin1_list("å"), io_lib:write_string_as_latin1([955, $a]), io_lib:write_latin1_string("a"), io_lib:write_char($\n), io_lib:write_char(955)].
characters_in_atoms() -> [lists:flatten(io_lib:format("~w ~tw ~p ~tp", [A, A, A, A])) || A <- ['λ', 'åäö', 'hello world', 'Ünï']].
uris() -> [uri_string:parse("http://user@example.com:8080/a/b?q=1&r=%20#frag"), uri_string:parse(<<"https://x.y/z">>), uri_string:parse("//host"), uri_string:parse("a:b"), uri_string:parse(":bad")].
uris_build() -> [uri_string:recompose(#{scheme => "http", host => "h", path => "/p", query => "a=b"}), uri_string:normalize("HTTP://A.com/a/../b/./c"), uri_string:resolve("../x", "http://h/a/b/c"), uri_string:dissect_query("a=1&b=%C3%A5&c"), uri_string:compose_query([{"a", "1 2"}, {"b", "å"}]), uri_string:quote("a b/å"), uri_string:unquote("a%20b"), uri_string:percent_decode("%41")].
json_encode() -> case code_has_(json) of true -> [iolist_to_binary(json:encode(T)) || T <- [1, -1.5, true, null, <<"a\"\\\n\x{1}λ"/utf8>>, [], [1, [2]], #{}, #{a => 1}, #{<<"k">> => [#{1 => false}]}, 1 bsl 70, atom]]; false -> none end.
json_decode() -> case code_has_(json) of true -> [json:decode(T) || T <- [<<"1">>, <<"-1.5e2">>, <<"[1, 2, {\"a\": null}]">>, <<"\"\\u03bb\\n\\ud83d\\ude00\"">>, <<" { \"a\" : [ ] , \"b\" : {} } ">>, <<"true">>, <<"123456789012345678901234567890">>]]; false -> none end.
json_decode_wrong() -> case code_has_(json) of true -> [err(fun() -> json:decode(T) end) || T <- [<<"">>, <<"[1,">>, <<"{\"a\"}">>, <<"tru">>, <<"\"\\x\"">>, <<"01">>, <<"1 2">>, <<"\"", 255, "\"">>]]; false -> none end.
json_format() -> case code_has_(json) andalso erlang:function_exported(json, format, 1) of true -> iolist_to_binary(json:format(#{<<"a">> => [1, 2], <<"b">> => #{}})); false -> none end.
code_has_(M) -> case catch M:module_info(module) of M -> true; _ -> false end.
filenames() -> [filename:join(["a", "b", "/c"]), filename:join("a/", "b"), filename:basename("/a/b.erl", ".erl"), filename:dirname("/a/b"), filename:extension("a.b.c"), filename:rootname("a.b"), filename:split("/a/b/c"), filename:absname("x", "/y"), filename:pathtype("/a"), filename:join(<<"a">>, "b"), filename:flatten(["a", $/]), filename:nativename("a/b")] .
hashing() -> [erlang:phash2(S) || S <- samples_() ++ bins_()].
binary_text() -> [binary:split(<<"key: value"/utf8>>, <<": ">>), string:lowercase(<<"ÅB"/utf8>>), binary_to_list(unicode:characters_to_binary("å", utf8, latin1)), list_to_binary([<<"å"/utf8>>, 229])].
word_frequencies() -> T = "the quick brown fox jumps over the lazy dog the end", lists:sort(maps:to_list(lists:foldl(fun(W, M) -> M#{W => maps:get(W, M, 0) + 1} end, #{}, string:split(T, " ", all)))).
caesar() -> [if C >= $a, C =< $z -> (C - $a + 13) rem 26 + $a; true -> C end || C <- "hello, world"].
csv() -> [[string:trim(F) || F <- string:split(L, ",", all)] || L <- string:split("a, b ,c\nd,e,f", "\n", all)].
levenshtein() -> [lev_(A, B) || {A, B} <- [{"kitten", "sitting"}, {"", "abc"}, {"flaw", "lawn"}]].
lev_([], B) -> length(B);
lev_(A, []) -> length(A);
lev_([X | A], [X | B]) -> lev_(A, B);
lev_([_ | A] = F, [_ | B] = G) -> 1 + lists:min([lev_(A, G), lev_(F, B), lev_(A, B)]).
erl_scan_unicode() -> [element(1, erl_scan:string(S)) || S <- ["\"λ\"", "'å b'", "$λ", "\"\\x{3bb}\""]].
pretty_printer() -> [lists:flatten(erl_pp:expr(E)) || E <- [{op, 1, '+', {integer, 1, 1}, {var, 1, 'X'}}, {call, 1, {atom, 1, f}, [{string, 1, "s"}]}]].
compile_in_memory() -> F = [{attribute, 1, module, mem_mod}, {attribute, 1, export, [{f, 1}]}, {function, 1, f, 1, [{clause, 1, [{var, 1, 'X'}], [], [{op, 1, '*', {var, 1, 'X'}, {integer, 1, 2}}]}]}], case compile:forms(F, [binary]) of {ok, mem_mod, B} -> {module, mem_mod} = erlang:load_module(mem_mod, B), R = mem_mod:f(21), erlang:delete_module(mem_mod), erlang:purge_module(mem_mod), R end.
