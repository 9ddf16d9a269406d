%% SPDX-License-Identifier: Apache-2.0
%% Module re: compiling, running, capturing, replacing, splitting, and what is refused.
-module(re_cases).
-compile([export_all, nowarn_export_all]).
-import(conformance, [id/1, err/1]).

plain() -> [re:run(S, P) || {S, P} <- [{"abc", "b"}, {"abc", "d"}, {<<"abc">>, <<"(a)(b)?(x)?">>}, {["a", <<"b">>, $c], "c$"}, {"", ""}, {"", "a"}, {"aaa", "a*?"}, {"foobar", "o+"}, {"abcabc", "(abc)\\1"}, {"x", "(y)|(x)"}]].
compiled() -> [begin {ok, P} = re:compile(id("(a)(b)?")), re:run(S, P) end || S <- ["ab", "a", "b", <<"xab">>]].
compiled_twice() -> {ok, P} = re:compile("a+"), [re:run("xaax", P), re:run("x", P), re:run("aaa", P, [{offset, 1}])].
options() -> [{O, catch re:run("Ab\ncD", P, O)} || {P, O} <- [{"ab", [caseless]}, {"^c", [multiline]}, {"^c", []}, {"b.c", [dotall]}, {"b.c", []}, {"b$", [multiline]}, {"D $", [extended]}, {"b", [anchored]}, {"A", [anchored]}, {"A+", [ungreedy]}, {"c", [firstline]}, {"(b)", [no_auto_capture]}, {"D$", [dollar_endonly]}, {"a", [no_start_optimize]}]].
newlines() -> [re:run("a\r\nb\nc", P, O) || {P, O} <- [{"a$", [multiline]}, {"a$", [multiline, {newline, crlf}]}, {"a$", [multiline, {newline, anycrlf}]}, {"a$", [multiline, {newline, any}]}, {"a.", [{newline, cr}]}, {"a.", []}, {"\\R", [bsr_anycrlf]}, {"\\R", [bsr_unicode]}]].
run_options() -> [re:run("aab", P, O) || {P, O} <- [{"a*", [notempty]}, {"x*", [notempty]}, {"x*", [notempty_atstart]}, {"^a", [notbol]}, {"b$", [noteol]}, {"a", [{offset, 1}]}, {"b", [{offset, 3}]}, {"", [{offset, 3}]}]].
captures() -> {ok, P} = re:compile("(?<first>a)(b)?(?<third>c)"), [re:run(<<"xacx">>, P, [{capture, C, T}]) || C <- [all, all_but_first, first, none, [], all_names, [1], [2], [3, 1], [first], ["third"], [<<"third">>, 0], [nope], [7]], T <- [index, list, binary]].
captures_default_type() -> [re:run("abc", "(b)(c)", [{capture, C}]) || C <- [all, all_but_first, first, none, [2]]].
captures_unset() -> [re:run("ac", "(a)(b)?(c)(d)?", [{capture, C, T}]) || C <- [all, all_but_first, [2], [4], [2, 3]], T <- [index, list, binary]].
duplicate_names() -> {ok, P} = re:compile("(?<n>a)|(?<n>b)", [dupnames]), [re:run(S, P, [{capture, C, T}]) || S <- ["a", "b"], C <- [[n], all_names, ["n", 0]], T <- [index, binary]].
global() -> [re:run("abcabc", P, [global | O]) || {P, O} <- [{"b", []}, {"(a)(b)", [{capture, all, list}]}, {"", []}, {"x*", [{capture, first, binary}]}, {"z", []}, {"b", [{offset, 2}]}, {"(b)|c", [{capture, all_but_first, binary}]}]].
global_compiled() -> {ok, P} = re:compile("a(.)"), re:run("abacad", P, [global, {capture, [1], list}]).
global_unicode() -> re:run(<<"åäö åäö"/utf8>>, <<"ä(.)"/utf8>>, [global, unicode, {capture, all, binary}]).
unicode() -> [re:run(S, P, [unicode | O]) || {S, P, O} <- [{<<"aåb"/utf8>>, <<"å"/utf8>>, []}, {[97, 229, 98], [229], []}, {[955, 97], ".", [{capture, all, list}]}, {[955, 97], "\\w", [ucp, {capture, all, list}]}, {[955, 97], "\\w", [{capture, all, list}]}, {<<"Å"/utf8>>, <<"å"/utf8>>, [caseless]}, {[229], <<"\\xe5">>, [{capture, first, binary}]}]].
unicode_compiled() -> {ok, P} = re:compile([955, $+], [unicode]), [re:run([97, 955, 955], P), re:run([97, 955], P, [{capture, all, list}]), re:run(<<"λ"/utf8>>, P, [{capture, all, binary}])].
unicode_properties() -> [re:run([955, $A, $1], P, [unicode, {capture, first, list}]) || P <- ["\\p{Lu}", "\\p{Greek}", "\\p{Nd}", "\\P{L}"]].
bytes() -> [re:run(<<255, 254, 0, 1>>, P, [{capture, first, binary}]) || P <- [<<254>>, "\\xfe", "\\x00", "[\\x{80}-\\xff]+"]].
compile_errors() -> [case re:compile(P) of {error, {Text, _}} -> {P, Text}; {ok, _} -> ok end || P <- ["(", "a)", "[a", "*", "a**", "\\", "(?<n", "[b-a]", "a{3,1}", "(?z)", "\\x{110000000}", "(?<1a>b)", "[[:foo:]]", "(*FOO)", "[:alpha:]"]].
compile_error_places() -> [re:compile(P) || P <- ["(", "(ab", "[a", "\\"]].
compile_wrong() -> [err(fun() -> re:compile(id(P), id(O)) end) || {P, O} <- [{a, []}, {"a", [foo]}, {"a", foo}, {"a", [notempty]}, {[955], []}, {<<1:3>>, []}, {"a", [{newline, foo}]}, {"a", [{a, b, c}]}, {[a], []}]].
run_wrong() -> [err(fun() -> re:run(id(S), id(P), id(O)) end) || {S, P, O} <- [{a, "a", []}, {"a", a, []}, {"a", "(", []}, {"a", "a", [foo]}, {"a", "a", [{offset, -1}]}, {"a", "a", [{capture, foo}]}, {"a", "a", [{capture, all, foo}]}, {"a", {re_pattern, 1, 2, 3, 4}, []}, {[955], "a", []}, {<<255>>, <<"a">>, [unicode]}, {"a", "a", [{capture, [1.5]}]}, {"a", "a", [{capture, [1 | 2]}]}]].
run_compiled_wrong() -> {ok, P} = re:compile("a"), [err(fun() -> re:run("a", P, id(O)) end) || O <- [[caseless], [unicode], [{newline, foo}]]].
report_errors() -> [re:run("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "(a+)+c", [{match_limit, 100} | O]) || O <- [[], [report_errors]]].
report_compile() -> element(1, element(2, re:run("a", "(", [report_errors]))).
inspect() -> {ok, P} = re:compile("(?<b>x)(?<a>y)(z)"), {ok, Q} = re:compile("x"), [re:inspect(P, namelist), re:inspect(Q, namelist), err(fun() -> re:inspect(P, foo) end), err(fun() -> re:inspect(a, namelist) end)].
replace() -> [re:replace(S, P, R, [{return, T} | O]) || {S, P, R, O} <- [{"abcd", "b", "X", []}, {"abcb", "b", "X", [global]}, {"abcd", "(b)(c)", "\\2\\1", []}, {"abcd", "b", "[&]", []}, {"abcd", "b", "\\&", []}, {"abcd", "z", "X", []}, {"aaa", "", "-", [global]}, {"abc", "(?<n>b)", "\\g{1}\\g{1}", []}, {"", "x*", "-", [global]}], T <- [list, binary]].
replace_iodata() -> iolist_to_binary(re:replace(<<"hello world">>, "o", "0", [global])).
replace_unicode() -> [re:replace(<<"åäö"/utf8>>, <<"ä"/utf8>>, <<"λ"/utf8>>, [unicode, {return, T}]) || T <- [list, binary]].
replace_fun() -> re:replace("abcabc", "(b)(c)", fun(Whole, Parts) -> [$<, Whole, $:, lists:reverse(Parts), $>] end, [global, {return, list}]).
split() -> [re:split(S, P, [{return, T} | O]) || {S, P, O} <- [{"a,b,c", ",", []}, {"abc", "", []}, {"a1b2c", "(\\d)", []}, {"a,b,c", ",", [{parts, 2}]}, {"a,b,,", ",", [trim]}, {"", ",", []}, {"a1b2c", "(\\d)", [group]}, {"abc", "x", []}], T <- [list, binary]].
split_unicode() -> re:split([955, $,, 97], ",", [unicode, {return, list}]).
large() -> S = binary:copy(<<"abc ">>, 20000), {match, L} = re:run(S, "b", [global]), {length(L), lists:last(L), re:run(S, "d"), length(re:split(S, " "))}.
large_parts() -> S = binary:copy(<<"x">>, 1000), {match, [A, B]} = re:run(S, "x(x{200})", [{capture, all, binary}]), {byte_size(A), byte_size(B)}.
lookaround() -> [re:run("foobar", P, [{capture, first, list}]) || P <- ["foo(?=bar)", "(?<=foo)bar", "foo(?!baz)", "(?<!x)bar", "(?i)FOO", "(?:fo){1}", "\\bfoo", "f(?#comment)o", "(?>o+)b"]].
classes() -> [re:run("a1 _-\t", P, [global, {capture, first, list}]) || P <- ["\\d", "\\w", "\\s", "\\W", "[[:alpha:]]", "[^a-z]", "\\h", "."]].
forged() -> [err(fun() -> re:run(id(<<"a">>), {re_pattern, 0, 0, 0, id(B)}) end) || B <- [<<>>, <<"a">>, [], "a", a, make_ref(), <<1:3>>]].
literal_escapes() -> [re:run("a.b*c", P, [{capture, first, list}]) || P <- ["a\\.b", "\\Qb*c\\E", "b\\*", "\\x61", "\\141"]].
recursive() -> re:run("(a(b)c)", "\\((?:[^()]|(?R))*\\)", [{capture, first, list}]).
from_other_process() -> {ok, P} = re:compile("(b)"), conformance:in_process(fun() -> re:run("abc", P, [{capture, all, list}]) end).
kept_in_table() -> {ok, P} = re:compile("(b)"), T = ets:new(t, []), ets:insert(T, {p, P}), erlang:garbage_collect(), [{p, Q}] = ets:lookup(T, p), re:run("abc", Q).
many() -> length([ok || N <- lists:seq(1, 2000), {ok, P} <- [re:compile(["a", integer_to_list(N)])], {match, _} <- [re:run(["xa", integer_to_list(N)], P)]]).
%% Longer than a scheduler may be held up: what beamr hands to another thread.
backtracking_limit() -> [re:run(lists:duplicate(40, $a), "(a+)+[bc]", O) || O <- [[report_errors], [], [report_errors, {match_limit, 1000000}]]].
backtracking_match() -> S = lists:duplicate(18, $a) ++ "x", {ok, P} = re:compile("(?:a+)+b|(.)(x)"), [re:run(S, P, [{capture, all, T}]) || T <- [index, list, binary]] ++ [re:run(S, "(?:a+)+b|(.)(x)", [{capture, [2], binary}])].
backtracking_killed() -> Self = self(), {Pid, Ref} = spawn_monitor(fun() -> Self ! started, re:run(lists:duplicate(40, $a), "(a+)+[bc]") end), receive started -> ok end, exit(Pid, kill), receive {'DOWN', Ref, process, Pid, R} -> R end.
%% Before release 28 a pattern may be written down: Elixir puts it into modules. Later it is a reference.
written_down() ->
    [begin
         {ok, P} = re:compile(T, O),
         case element(5, P) of
             B when is_binary(B) ->
                 Q = binary_to_term(term_to_binary(P)),
                 {re:run(S, Q, [{capture, all, binary}]), re:replace(S, Q, "<&>", [global, {return, binary}]), re:split(S, Q), re:inspect(Q, namelist), Q =:= P};
             R when is_reference(R) -> reference
         end
     end || {T, O, S} <- [{"(a)b+", [], "xabbaby"}, {<<"(?<n>É)"/utf8>>, [unicode, caseless], <<"aéÉ"/utf8>>}, {"^b$", [multiline, {newline, crlf}], "a\r\nb\r\nc"},
                          {lists:duplicate(300, $a), [anchored], lists:duplicate(301, $a)}]].
many_written_down() ->
    Ps = [{N, element(2, re:compile(["^x", integer_to_list(N), "$"]))} || N <- lists:seq(1, 1000)],
    length([ok || _ <- [1, 2], {N, P} <- Ps, {match, [{0, _}]} <- [re:run(["x", integer_to_list(N)], P)]]).
