%% SPDX-License-Identifier: Apache-2.0
%% Booted.
%% The language as a library: scanner, preprocessor, parser, linter, pretty printer, evaluator, queries, what .beam files hold.
-module(language_cases).
-compile([export_all, nowarn_export_all, nowarn_deprecated_function]).
-import(conformance, [id/1, plain/1, message/1, frames/2, flush/0]).
-define(C(X), r_(fun() -> X end)).

r_(F) -> conformance:outcome(?MODULE, F).
text_(T) -> try unicode:characters_to_binary(T) catch _:_ -> T end.
in_dir_(N, F) ->
    D = filename:join("/tmp", "beamr_language_" ++ os:getpid() ++ "_" ++ N),
    file:del_dir_r(D),
    ok = filelib:ensure_path(D),
    {ok, Cwd} = file:get_cwd(),
    ok = file:set_cwd(D),
    try F(D) after file:set_cwd(Cwd), file:del_dir_r(D) end.
tokens_(T) -> {ok, Ts, _} = erl_scan:string(T), Ts.
exprs_(T) -> {ok, Es} = erl_parse:parse_exprs(tokens_(T)), Es.
expr_(T) -> hd(exprs_(T)).
form_(T) -> {ok, F} = erl_parse:parse_form(tokens_(T)), F.
forms_(T) -> forms_(tokens_(T), []).
forms_([], []) -> [];
forms_([{dot, _} = D | Ts], Acc) -> {ok, F} = erl_parse:parse_form(lists:reverse([D | Acc])), [F | forms_(Ts, [])];
forms_([T | Ts], Acc) -> forms_(Ts, [T | Acc]).

%% ---- erl_scan
scan_tokens() ->
    [?C(erl_scan:string(id(T))) || T <- ["1.5e-3 16#1F 2#0101 36#zZ 1_000 $a $\\n $\\x{3b1} $\\^a", "1.5e400 ", "1__0", "37#1", "1_", "16#1.8#e2", "a@b 'x y' _X Åb ?m ?MOD", "\"a\\tb\" \"\\\n\"", "\"open", "'open", "$", "\\", "<<\"x\"/utf8>>",
        "\"\"\"\n  a\n  b\n  \"\"\"", "~b\"x\\n\" ~S[a\\b] ~s|é|", "~\"\"", "~x\"a\"", "a. b", "a.b", "%c\nx", [$a, 16#D800], "\0", "1 2", [$", 16#10FFFF, $"], "<<>>= =:= ... .. ?= <:- <:= && :: |"]].
scan_more() ->
    [?C(erl_scan:tokens([], "foo(", 1)), begin {more, C} = erl_scan:tokens([], "foo(", 1), [?C(erl_scan:tokens(C, "x).\nrest", 1)), ?C(erl_scan:tokens(C, eof, 1))] end,
     ?C(erl_scan:tokens([], "a. ", {1, 1}, [text])), ?C(erl_scan:tokens([], eof, 7)), ?C(erl_scan:tokens([], "'a\n", 1)), ?C(erl_scan:string("a %x\n b", {3, 5}, [return, text])), ?C(erl_scan:string("a", 1, [{reserved_word_fun, fun(A) -> A =:= a end}])),
     ?C(erl_scan:string("a", 1, [foo])), ?C(erl_scan:string(id(foo))), ?C(erl_scan:string("a", id(-1))), ?C(erl_scan:string([a])), ?C(erl_scan:reserved_word('maybe')), ?C(erl_scan:reserved_word('begin')),
     [text_(?C(erl_scan:format_error(E))) || E <- [{illegal, float}, {illegal, integer}, {illegal, character}, {unterminated, string, "ab"}, {unterminated, character}, char, scan, {base, 99}, {illegal, foo}, {string, $", "ab"}, {indentation, 3}, {other, thing}]],
     begin [T | _] = element(2, erl_scan:string("foo", {2, 4}, [text])), [?C(erl_scan:F(T)) || F <- [category, symbol, line, column, location, text]] end, ?C(erl_scan:category(x)), ?C(erl_scan:symbol({a})), ?C(erl_scan:line({a, x}))].
parse_tokens() ->
    [begin {R, E} = {?C(erl_parse:parse_exprs(tokens_(T))), x}, {T, R, E, case R of {error, {_, M, D}} -> text_(M:format_error(D)); _ -> ok end} end || T <- ["a b.", "1 + .", "case x of end.", "fun() -> x.", "[X || {X, _} <:- L, K := V <- M].", "<<X:3/little-unit:8, Y/binary>>.", "#r{a = 1}#r.a.",
        "M#{a := b}.", "try a of b -> c catch d:e:F when F -> g after h end.", "maybe X ?= f(), Y else _ -> z end.", "receive a -> b after 5 -> c end.", "fun F(0) -> 1; F(N) -> N * F(N - 1) end.", "fun a:b/2.", "(fun X/1).", "begin a, b end.", "if X > 1 -> a; true -> b end.",
        "X = Y ! Z.", "not -+bnot 1.", "1 div 2 rem 3 band 4 or true orelse false.", "\"a\" \"b\".", "x:y:z.", "end.", "f(", "[a | b | c].", "<<1:a>>.", "catch catch a."]].
parse_more() ->
    T = tokens_("{a, [1, \"x\", #{b => <<1, 2>>}], -3, 1.5, $c, fun a:b/3}."), B = tokens_("{a, X}."), A = erl_anno:new(4),
    [?C(erl_parse:parse_term(T)), ?C(erl_parse:parse_term(B)), ?C(erl_parse:parse(tokens_("-record(r, {a :: integer(), b = 2})."))), ?C(erl_parse:parse_form(tokens_("f(X) when X > 1 -> a; g(Y) -> b."))), ?C(erl_parse:parse_and_scan({fun() -> {ok, tokens_("-foo(1)."), 1} end, []})),
     ?C(erl_parse:abstract({x, [1, 2 | c], <<3:4>>, #{}, 2.5, "é"}, [{location, 9}, {encoding, latin1}])), ?C(erl_parse:abstract("a", 5)), ?C(erl_parse:abstract(self(), 1)), ?C(erl_parse:normalise(expr_("{a, [b | c], #{1 => <<\"x\">>}, -1.5}."))), ?C(erl_parse:normalise(expr_("f(x)."))),
     ?C(erl_parse:tokens(expr_("{foo, [X, 1 + 2], \"s\"}."))), ?C(erl_parse:tokens(expr_("a."), [more])), ?C(erl_parse:max_prec()), ?C(erl_parse:func_prec()), [?C(erl_parse:inop_prec(O)) || O <- ['+', '!', '=', 'andalso', foo]], [?C(erl_parse:preop_prec(O)) || O <- ['-', 'catch', '#', foo]],
     [?C(erl_parse:type_inop_prec(O)) || O <- ['|', '::', '..', '+', '*', foo]], [?C(erl_parse:type_preop_prec(O)) || O <- ['-', 'bnot', '#', foo]], text_(?C(erl_parse:format_error(["syntax error before: ", "'x'"]))),
     begin E = expr_("f(X, [1])."), [?C(erl_parse:map_anno(fun(_) -> A end, E)), ?C(erl_parse:fold_anno(fun(X, S) -> [erl_anno:line(X) | S] end, [], E)), ?C(erl_parse:mapfold_anno(fun(_, S) -> {A, S + 1} end, 0, E)), ?C(erl_parse:new_anno({call, 7, {atom, 8, f}, []})),
         ?C(erl_parse:anno_to_term(E)), ?C(erl_parse:anno_from_term({call, [{location, 1}, {text, "f"}], {atom, 2, f}, []})), ?C(erl_parse:first_anno(E))] end].
parse_forms() ->
    [?C(erl_parse:parse_form(tokens_(T))) || T <- ["-type t(A) :: {A, [integer()], #{a := b, c => d}} | 1..3 | fun((...) -> x) | #r{a :: b} | <<_:8, _:_*2>> | nonempty_list().", "-spec f(X) -> Y when X :: integer(), Y :: atom().", "-spec m:f() -> a; (b) -> c.", "-callback c(a) -> b.", "-opaque o() :: x.",
        "-nominal n() :: x.", "-export([a/1, b/2]).", "-import(l, [a/1]).", "-export_type([t/0]).", "-dialyzer({nowarn_function, f/1}).", "-define(X, 1).", "-file(\"x\", 3).", "-compile([a, {b, c}]).", "-feature(maybe_expr, enable).", "-doc \"x\".", "-moduledoc \"\"\"\nx\n\"\"\".", "f() -> .", "-record(r, {a, a = 1 :: x}).",
        "-foo(X).", "-spec f(.", "f(1) -> a; f(2, 3) -> b."]].

%% ---- epp
epp_file() -> in_dir_("epp", fun(_) ->
    ok = file:write_file("h.hrl", "-define(H, included).\n-record(hr, {a :: integer(), b = 1}).\n"),
    ok = file:write_file("m.erl", ["%% coding: utf-8\n-module(m).\n-include(\"h.hrl\").\n-define(A(X), {X, ??X}).\n-define(A(X, Y), [X | Y]).\n-ifdef(D).\nd() -> ?D.\n-elif(?OTP_RELEASE >= 20).\nd() -> new.\n-else.\nd() -> none.\n-endif.\n",
        "f() -> {?A(1 + 2), ?A(a, b), ?H, ?LINE, ?MODULE, ?FUNCTION_NAME, ?FUNCTION_ARITY, ?MACHINE}.\n-undef(A).\ng() -> ?A(1).\n-include(\"none.hrl\").\n-ifndef(H).\n-error(\"never\").\n-endif.\n-warning(\"mind\").\n-error(stop).\nh( -> x.\n-define(B(X, X), 1).\ni() -> ?NOPE.\n-endif.\n-if(1 +).\n-endif.\n-ifdef(Z).\n"]),
    P = fun(F) -> case F of {ok, L} when is_list(L) -> {ok, L}; {ok, L, X} -> {ok, L, X}; X -> X end end,
    {ok, E} = epp:open("m.erl", ["."], [{'D', 3}]),
    R = [P(?C(epp:parse_file("m.erl", []))), P(?C(epp:parse_file("m.erl", ["."], ['D']))), P(?C(epp:parse_file("m.erl", [{includes, ["."]}, {macros, [{'D', 7}]}, {location, {1, 1}}, extra, {source_name, "s.erl"}]))), P(?C(epp:scan_file("m.erl", []))), element(1, ?C(epp:scan_erl_form(E))), ?C(epp:parse_erl_form(E)),
         [K || {{atom, K}, _} <- lists:sort(?C(epp:macro_defs(E))), lists:member(K, ['D', 'H', 'A', 'LINE', 'MACHINE'])], epp:close(E), ?C(epp:open("nofile.erl", [])), ?C(epp:open([{name, "nofile.erl"}])), ?C(epp:parse_file("nofile.erl", [], [])), ?C(epp:open([{name, "m.erl"}, {location, x}])) =/= ok, ?C(epp:parse_file("m.erl", ["."], [{'MODULE', 1}]))],
    [begin F = case X of {ok, L} when is_list(L) -> L; {ok, L, _} when is_list(L) -> L; _ -> [] end, [text_(M:format_error(D)) || {error, {_, M, D}} <- F] end || X <- R] ++ R end).
epp_encoding() -> in_dir_("enc", fun(_) ->
    [begin ok = file:write_file("e.erl", B), {ok, Fd} = file:open("e.erl", [read]), R = [?C(epp:read_encoding("e.erl")), ?C(epp:read_encoding("e.erl", [{in_comment_only, false}])), ?C(epp:read_encoding_from_binary(B)), ?C(epp:read_encoding_from_binary(B, [])), ?C(epp:set_encoding(Fd)), ?C(epp:set_encoding(Fd, latin1))], file:close(Fd), R end
     || B <- [<<"%% coding: latin-1\n">>, <<"%% -*- coding: utf-8 -*-\n">>, <<"x\n%coding=utf-8\n">>, <<>>, <<"%% coding: koi8\n">>, <<"\xEF\xBB\xBFx">>]]
    ++ [?C(epp:default_encoding()), ?C(epp:encoding_to_string(latin1)), ?C(epp:encoding_to_string(utf8)), ?C(epp:encoding_to_string(id(foo))), ?C(epp:read_encoding("no")), ?C(epp:normalize_typed_record_fields([{record_field, 1, {atom, 1, a}}])), ?C(epp:normalize_typed_record_fields([{typed_record_field, {record_field, 1, {atom, 1, a}}, {type, 1, any, []}}])),
        ?C(epp:restore_typed_record_fields([{attribute, 1, record, {r, [{record_field, 1, {atom, 1, a}}]}}, {attribute, 1, type, {{record, r}, [{typed_record_field, {record_field, 1, {atom, 1, a}}, {type, 1, any, []}}], []}}])), ?C(epp:interpret_file_attribute(forms_("-file(\"x.hrl\", 10). f() -> x. -file(\"y.erl\", 3). g() -> y.")))]
    ++ [text_(?C(epp:format_error(E))) || E <- [{undefined, 'X', 2}, {undefined, 'X', none}, {redefine, 'X'}, {redefine_predef, 'X'}, {circular, 'X', none}, {circular, 'X', 1}, {include, lib, "x"}, {include, file, "x"}, {depth, "include"}, {mismatch, 'X'}, {arg_error, 'X'}, {bad, define}, {illegal, "unterminated", 'ifdef'}, {illegal_function, 'FUNCTION_NAME'},
        {illegal_function_usage, 'X'}, {duplicated_argument, 'X'}, {elif_after_else, 1}, {error, "e"}, {warning, w}, {unterminated, x}, cannot_parse, {call, [$?, "X"]}, {ftr_after_prefix, x}, missing_parenthesis, premature_end, tqstring, {bad_define, x}, {invalid, x}, foo, {'NYI', x}]] end).

%% ---- erl_lint
lint() ->
    [begin R = ?C(erl_lint:module(forms_("-file(\"m.erl\", 1). -module(m). -export([f/1, t/0]). " ++ T), "m.erl", [warn_unused_vars, warn_shadow_vars, warn_obsolete_guard, {nowarn_unused_function, [{u, 1}]}, warn_export_vars, warn_missing_spec | O])),
        {R, [text_(M:format_error(D)) || X <- tuple_to_list(R), is_list(X), {_, Es} <- X, {_, M, D} <- Es]} end
     || {O, T} <- [{[], "f(X) -> Y. t() -> ok."}, {[], "f(_) -> #r{a = 1}. t() -> (fun(X) -> 1 end)(2). u(1) -> 2. g() -> 3."}, {[warnings_as_errors], "f(X) -> case X of 1 -> A = 2; _ -> ok end, A. t() -> erlang:now()."}, {[], "f(X) when foo(X) -> X. f(1, 2) -> 3. t() -> f(1), h(2)."},
        {[], "-record(r, {a, a}). -type q() :: r(). -spec f(x) -> y. -spec none() -> ok. f(X) -> #r{b = X}. t() -> io:format(\"~p~q\", [1])."}, {[], "-import(lists, [map/2]). -import(maps, [map/2]). -export([zz/9]). f({X, X}) -> X + _. t() -> <<1:2/foo, 3.5/integer-little-big>>."},
        {[nowarn_unused_vars], "f(X) -> Y = 1, fun(X) -> X end. t() -> list_to_atom(a), is_list(b), [X || X <- 1, X]. f(1) -> 2. -module(x)."}, {[], "-on_load(nope/0). -compile({inline, [zz/1]}). -dialyzer(foo). -behaviour(gen_server). f(X) -> M#{a := X}. t() -> receive after a -> b end, 1 + a."},
        {[], "-opaque o() :: x. -type l() :: [A]. -type l() :: b. -nifs([g/3]). -callback f(x) -> y. -behaviour(nope). f(X) -> maybe X ?= 1 end. t() -> catch 1, try 1 after 2 end."}]].
lint_calls() ->
    F = forms_("-module(m). -export([f/0]). f() -> ok. g() -> h()."), E = exprs_("X + Y, Z = 1, fun(W) -> W + X end."),
    [?C(erl_lint:module(F)), ?C(erl_lint:module(F, "n.erl")), ?C(erl_lint:exprs(E, [{'X', 1}])), ?C(erl_lint:exprs_opt(E, [{'X', 1}, {'Y', 2}], [warn_unused_vars])), ?C(erl_lint:used_vars(E, [{'X', 1}, {'Q', 2}])), [?C(erl_lint:is_pattern_expr(expr_(T))) || T <- ["1 + 2.", "a.", "f(x).", "-X."]],
     [?C(erl_lint:is_guard_test(expr_(T))) || T <- ["X > 1.", "f(X).", "is_list(X).", "#r.a.", "is_record(X, r).", "a.", "length(X)."]], [?C(erl_lint:is_guard_test(expr_(T), forms_("-record(r, {a})."))) || T <- ["X#r.a =:= 1.", "X#q.a =:= 1."]],
     ?C(erl_lint:is_guard_test(expr_("is_list(X)."), [], fun(_) -> true end)), [?C(erl_lint:is_guard_expr(expr_(T))) || T <- ["hd(X).", "X ! 1.", "foo.", "#{a => 1}."]], ?C(erl_lint:bool_option(a, na, true, [na, b])), ?C(erl_lint:value_option(f, 1, [{f, 3}])), ?C(erl_lint:value_option(f, 7, x, 8, nx, 9, [nx])),
     [?C(erl_lint:check_format_string(S)) || S <- ["~p~s", "~10.3.xf", "~", "~q", "~*p", "~tX~n~c", a]], ?C(erl_lint:check_format_string("~10.3.x~p", true)),
     [text_(?C(erl_lint:format_error(X))) || X <- [undefined_module, {undefined_function, {f, 1}}, {unbound_var, 'X'}, {unbound_var, 'X', 'Y'}, {redefine_function, {f, 1}}, {unused_var, 'V'}, {shadowed_var, 'X', 'fun'}, {deprecated, {a, b, 1}, {c, d, 1}, "9"}, {removed, {a, b, 1}, "gone"}, illegal_pattern, illegal_bin_pattern, illegal_guard_expr, illegal_map_key,
         {illegal_guard_local_call, {f, 1}}, {exported_var, 'A', {'case', 3}}, {unsafe_var, 'A', {'case', {3, 4}}}, {undefined_record, r}, {undefined_record, r, s}, {undefined_field, r, a}, {redefine_field, r, a}, {bittype_mismatch, big, little, endianness}, {undefined_bittype, x}, {typed_literal_string, integer}, utf_bittype_size_or_unit, {bad_bitsize, "x"}, unsized_binary_not_at_end,
         {format_error, {"x ~s", [y]}}, {spec_fun_undefined, {f, 1}}, {type_syntax, integer}, {undefined_type, {t, 0}}, {unused_type, {t, 0}}, {singleton_typevar, 'A'}, {undefined_behaviour, b}, {undefined_behaviour_func, {f, 1}, b}, {conflicting_behaviours, {f, 1}, a, 3, b}, undefined_on_load, {match_float_zero}, match_float_zero, nomatch, update_literal, {bad_inline, {f, 1}}, {old_catch, x}]]].

%% ---- erl_pp
pp() ->
    W = fun(T) -> text_(T) end,
    [W(?C(erl_pp:form(form_(T)))) || T <- ["f(X, [Y | Z]) when X > 1, is_list(Y); Z =:= a -> case X of {a, B} when B -> [C || C <- Z, C > B, D := E <- #{}]; _ -> fun(Q) -> Q; (_) -> 1 end end; f(_, _) -> try x of y -> z catch throw:T -> T; error:R:S -> {R, S} after w end.",
        "-record(r, {a, b = 1 :: integer(), c :: [x]}).", "-spec f(X, y) -> {X, #{a => b, c := d}} when X :: integer().", "-type t(A) :: A | 1..2 | <<_:8>> | fun((...) -> a) | fun((b, c) -> d) | #r{a :: x}.", "-export([a/1, b/2]).", "-define(x, 1).", "-callback c() -> ok; (a) -> b.", "-dialyzer([a, {b, f/1}]).",
        "g() -> receive {a, X} when X -> b after 1000 -> c end, if true -> a; false -> b end, begin a, b end, maybe X ?= 1, Y else _ -> z end, <<X:8/little-signed-integer-unit:8, \"abc\"/utf8, Y/binary>>, -(1 - (2 - 3)) * (4 + 5), #r{a = 1}, X#r{b = 2}, X#r.c, #r.c, M#{a => 1, b := 2}, catch f(), fun a/1, fun m:f/2, \"long string that goes on \" \"and on and on and on and on and on and on and on and on and on\", not (a and b), A ! B ! c, [X || <<X:3>> <= Y], << <<X>> || X <- Z >>, #{K => V || K := V <- M}, 'quoted atom', $\\n, 16#ff, 1.0e10."]]
    ++ [begin E = expr_("foo(bar, [1, 2], {x, Y}) + case a of b -> c end."), [W(?C(erl_pp:expr(E))), W(?C(erl_pp:expr(E, none))), W(?C(erl_pp:expr(E, 10, none))), W(?C(erl_pp:expr(E, 4, 100, [{indent, 2}]))), W(?C(erl_pp:expr(E, [{linewidth, 20}]))), W(?C(erl_pp:exprs([E, E]))), W(?C(erl_pp:exprs([E], none))), W(?C(erl_pp:exprs([E], 7, [{encoding, latin1}])))] end,
        W(?C(erl_pp:guard([[expr_("X > 1."), expr_("Y.")], [expr_("z.")]]))), W(?C(erl_pp:function(form_("f() -> \"é\\x{400}\".")))), W(?C(erl_pp:function(form_("f() -> \"é\\x{400}\"."), [{encoding, latin1}, {quote_singleton_atom_types, true}]))), W(?C(erl_pp:attribute(form_("-foo({a, \"b\"}).")))), W(?C(erl_pp:attribute(form_("-type t() :: a."), [{quote_singleton_atom_types, true}]))),
        W(?C(erl_pp:form({error, {1, erl_parse, ["bad"]}}))), W(?C(erl_pp:form({warning, {1, m, x}}, []))), W(?C(erl_pp:form({eof, 3}))), ?C(erl_pp:legalize_vars(form_("f(X) -> Y = X, Y."))), W(?C(erl_pp:expr({foo, 1}))), ?C(erl_pp:form(x)), W(?C(erl_pp:expr({value, 1, {a, <<1>>}}))), W(?C(erl_pp:expr({hook, x}, fun(X, _, _, _) -> io_lib:write(X) end)))].

%% ---- erl_eval
eval() ->
    [?C(erl_eval:exprs(exprs_(T), [{'Q', 7}])) || T <- ["X = 1, Y = X + Q, {X, Y}.", "fun F(0) -> 1; F(N) -> N * F(N - 1) end(5).", "[A || {A, B} <- [{1, 2}, {3, 4}, x], B > 2].", "<< <<X:4>> || X <- [1, 2, 3] >>.", "#{a => 1, b => Q}.", "M = #{a => 1}, M#{a := 2, c => 3}.", "#{}#{a := 1}.", "case Q of 7 -> seven; _ -> other end.",
        "case Q of 8 -> a end.", "if Q > 9 -> a end.", "try throw(x) catch T -> {caught, T} after done end.", "try error(boom) of _ -> a catch error:R:S -> {R, is_list(S)} end.", "try a of b -> c catch _ -> d end.", "catch exit(gone).", "{A, A} = {1, 2}.", "begin Z = 3, Z end + Z.", "<<A:8, B/binary>> = <<1, 2, 3>>, {A, B}.", "<<300:8, \"abc\", 1.5:32/float, (Q):16/little>>.",
        "self() ! hello, receive H -> H after 10 -> none end.", "receive never -> x after 0 -> late end.", "fun lists:reverse/1([1, 2]).", "(fun erlang:abs/1)(-2).", "no_such_m:f(1).", "nolocal(1).", "1 / 0.", "a + 1.", "foo#{a => 1}.", "Unbound.", "is_list(Q) orelse abc.", "1 andalso 2.", "true andalso 2.", "(7)(8).", "(fun(X) -> X end)(1, 2).", "maybe {ok, V} ?= {ok, 1}, V end.", "maybe {ok, V} ?= no, V else no -> none end.", "maybe {ok, V} ?= no, V else b -> c end.",
        "[K || K := _ <- #{a => 1}].", "#{V => K || K := V <- #{a => 1}}.", "[{X, Y} || X <- [1, 2] && Y <- [a, b]].", "[X || X <:- [1]].", "[X || X <- foo].", "[X || <<X>> <= foo].", "lists:map(fun(X) -> X * Q end, [1, 2]).", "fun(A) when A > Q -> big; (_) -> small end(9).", "#r{a = 1}.", "'a b'.", "\"x\" ++ Y = \"xyz\", Y.", "apply(erlang, abs, [-1])."] ] ++ [flush()].
eval_calls() ->
    L = fun(N, As, Bs) -> {value, {local, N, [erl_parse:normalise(A) || A <- As]}, Bs} end, V = fun(N, As) -> {local, N, As} end, NL = fun({M, F}, As) -> {remote, M, F, As}; (F, As) -> {fn, is_function(F), As} end,
    B = erl_eval:add_binding('X', 5, erl_eval:new_bindings()), B2 = erl_eval:add_binding('Y', 6, orddict:new()),
    [?C(erl_eval:expr(expr_("X + 1."), B)), ?C(erl_eval:expr(expr_("foo(X)."), B, {value, V})), ?C(erl_eval:expr(expr_("foo(1)."), B, {eval, L})), ?C(erl_eval:expr(expr_("a:foo(X)."), B, none, {value, NL})), ?C(erl_eval:expr(expr_("X."), B, none, none, none)), ?C(erl_eval:expr(expr_("X."), B, none, none, value)), ?C(erl_eval:expr(expr_("foo(X)."), B)),
     ?C(erl_eval:exprs(exprs_("foo(X), bar(1)."), B, {value, V})), ?C(erl_eval:exprs(exprs_("a:b(X)."), B, none, {value, NL})), ?C(erl_eval:expr_list(exprs_("X, X + 1."), B)), ?C(erl_eval:expr_list(exprs_("foo(X), Z = 2."), B, {value, V})), ?C(erl_eval:expr_list(exprs_("a:b(X)."), B, none, {value, NL})), ?C(erl_eval:binding('X', B)), ?C(erl_eval:binding('Z', B)), ?C(erl_eval:bindings(B)), ?C(erl_eval:bindings(B2)),
     ?C(erl_eval:del_binding('X', B)), ?C(erl_eval:del_binding('Y', B2)), ?C(erl_eval:new_bindings(B2)), ?C(erl_eval:add_binding('X', 1, x)), ?C(erl_eval:is_constant_expr(expr_("{a, 1 + 2}."))), ?C(erl_eval:is_constant_expr(expr_("f()."))), ?C(erl_eval:partial_eval(expr_("1 + 2 * 3."))), ?C(erl_eval:partial_eval(expr_("X."))), ?C(erl_eval:eval_str("1 + 2. ")), ?C(erl_eval:eval_str("X. ")), ?C(erl_eval:eval_str("a b. ")), ?C(erl_eval:eval_str("throw(a). ")), ?C(erl_eval:eval_str("1")),
     ?C(erl_eval:check_command(exprs_("X + Z."), B)), ?C(erl_eval:check_command(exprs_("X."), B)), ?C(erl_eval:extended_parse_exprs(tokens_("a, b."))), ?C(erl_eval:extended_parse_exprs(tokens_("#Fun<a.b.c>."))), ?C(erl_eval:extended_parse_exprs(tokens_("fun lists:map/2."))), ?C(erl_eval:extended_parse_term(tokens_("{a, [1]}."))), ?C(erl_eval:extended_parse_term(tokens_("f(x)."))), ?C(erl_eval:extended_parse_term(tokens_("<0.0.>."))),
     begin {value, F, _} = erl_eval:expr(expr_("fun(A) -> A + X end."), B), [?C(erl_eval:fun_data(F)), ?C(erl_eval:fun_data(fun lists:map/2)), F(2), ?C(F(1, 2)), ?C(F(a))] end, begin {value, G, _} = erl_eval:expr(expr_("fun N(0) -> X; N(A) -> N(A - 1) end."), B), [G(3), ?C(erl_eval:fun_data(G))] end,
     ?C(erl_eval:match_clause([{clause, 1, [{integer, 1, 1}], [], [{atom, 1, a}]}, {clause, 1, [{var, 1, 'P'}], [], [{atom, 1, b}]}], [7], B, none)), ?C(erl_eval:match_clause([], [7], B, none)), ?C(erl_eval:expr({foo, 1}, [])), [?C((element(2, erl_eval:expr(expr_("fun(" ++ lists:join(",", As) ++ ") -> ok end."), [])))) || As <- [lists:duplicate(20, "_"), lists:duplicate(21, "_")]]].
eval_arities() -> [begin Vs = ["A" ++ integer_to_list(I) || I <- lists:seq(1, N)], {value, F, _} = erl_eval:expr(expr_("fun(" ++ lists:append(lists:join(",", Vs)) ++ ") -> [" ++ lists:append(lists:join(",", Vs)) ++ "] end."), []), apply(F, lists:seq(1, N)) end || N <- lists:seq(0, 20)].
eval_records() -> D = forms_("-record(r, {a, b = 2})."), F = forms_("f(X) -> {#r{a = X}, #r{_ = 1}, X#r.b, X#r{a = 3}, #r.b, is_record(X, r)}. g(#r{a = A}) when A#r.b =:= 1 -> A."), [?C(erl_expand_records:module(D ++ F, [])), ?C(erl_expand_records:module(forms_("-module(m)."), [strict_record_tests]))].
bit_syntax() ->
    E = fun({integer, _, N}, Bs) -> {value, N, Bs}; ({var, _, N}, Bs) -> {value, proplists:get_value(N, Bs), Bs}; ({atom, _, A}, Bs) -> {value, A, Bs}; ({float, _, A}, Bs) -> {value, A, Bs}; ({string, _, A}, Bs) -> {value, A, Bs} end,
    M = fun({var, _, N}, V, Bs) -> {match, [{N, V} | Bs]}; ({integer, _, N}, N, Bs) -> {match, Bs}; (_, _, _) -> nomatch end,
    {bin, _, Fs} = expr_("<<X:4, Y:X/little, R/binary>>."), {bin, _, Gs} = expr_("<<3:8/signed, 2.5:64/float, \"ab\":16, N/utf8>>."),
    [?C(eval_bits:match_bits(Fs, B, [], [{'X', 4}], M, E)) || B <- [<<16#41:8, 7>>, <<1>>, <<>>, <<5:3>>, x]] ++ [?C(eval_bits:match_bits(Fs, <<16#41:8, 7>>, [], [], M, E, false)), ?C(eval_bits:expr_grp(Gs, [{'N', 955}], E)), ?C(eval_bits:expr_grp(Gs, [{'N', 955}], E, [], true)), ?C(eval_bits:expr_grp(Gs, [{'N', -1}], E)), ?C(eval_bits:expr_grp(Gs, [{'N', x}], E)),
     ?C(eval_bits:bin_gen(Fs, <<16#41:8, 7, 1>>, [], [{'X', 4}], M, E)), ?C(eval_bits:bin_gen(Fs, <<>>, [], [], M, E, false))].

%% ---- ms_transform, qlc
ms_texts() -> [[text_(?C(ms_transform:format_error(E))) || E <- [{?MODULE, x}, 1, 2, 3, 10, 11, 12, 20, 21, 22, 23, 24, 30, 31, {12, x}, {13, a}, {14, f}, {37, x}, {38, a}, {39, r, f}, {40, f}, {41, x}, {90, a, 1}, foo]], ?C(ms_transform:parse_transform_info()),
    [?C(ms_transform:transform_from_shell(ets, element(3, expr_(T)), [{'Z', 9}])) || T <- ["fun({A, B}) when A > Z -> {B, $a, Z}; (_) -> '$_' end.", "fun(X) -> element(2, X) end.", "fun({A}) -> f(A) end.", "fun({A}) when foo(A) -> A end.", "fun(A, B) -> A end.", "fun({A}) -> #{k => A} end.", "fun({A}) -> message(A) end.", "fun({A}) -> object() end."]],
    [?C(ms_transform:transform_from_shell(dbg, element(3, expr_(T)), [])) || T <- ["fun([A, B]) when is_list(A) -> message(caller()), return_trace() end.", "fun(_) -> exception_trace(), set_tcw(3), enable_trace(call) end.", "fun([A]) -> bindings(), object(), process_dump(), display(A) end.", "fun(A) -> A end.", "fun({A}) -> A end.", "fun([A]) -> is_seq_trace(), set_seq_token(label, 1) end."]]].
qlc_texts() -> [text_(?C(qlc:format_error(E))) || E <- [not_a_query_list_comprehension, {used_generator_variable, 'X'}, binary_generator, too_complex_join, too_many_joins, nomatch_pattern, nomatch_filter, {bad_object, "f", 3}, {bad_object, x}, {premature_eof, "f"}, {tmpdir_usage, joining}, {error, m, x}, {'EXIT', x}, no_such_thing, {file_error, "f", enoent}]].
qlc_more() ->
    H = fun(T, B) -> qlc:string_to_handle(T, [], B) end, L = erl_eval:add_binding('L', [{3, c}, {1, a}, {2, b}, {1, a}], []),
    [?C(qlc:e(H("[X || X <- L, element(1, X) < 3].", L))), ?C(qlc:e(H("[X || X <- L].", L), [unique_all])), ?C(qlc:eval(H("[X || X <- L].", L))), ?C(qlc:e(qlc:sort(H("[X || X <- L].", L), {order, descending}))), ?C(qlc:e(qlc:keysort(1, H("[X || X <- L].", L), [{unique, true}]))), ?C(qlc:e(qlc:keysort([2], [{1, b}, {2, a}]))), ?C(qlc:fold(fun(X, A) -> [X | A] end, [], H("[X || X <- L].", L), [])),
     ?C(qlc:e(H("[{X, Y} || X <- L, Y <- [1, 2], element(1, X) =:= Y].", L), [{join, nested_loop}])), ?C(qlc:e(H("[{X, Y} || {X, _} <- L, {Y, _} <- L, X =:= Y].", L), [{join, merge}, cache_all, {max_list_size, 10}])), text_(?C(qlc:info(H("[{X, Y} || {X, _} <- [{1, 2}], {Y, _} <- [{1, 3}], X =:= Y].", [])))), text_(?C(qlc:info(H("[X || X <- [1, 2], X > 1].", []), [{n_elements, 1}, {depth, 3}, {format, string}]))),
     ?C(qlc:info(H("[X || X <- [1, 2], X > 1].", []), [{format, abstract_code}])), ?C(qlc:string_to_handle("[X || X <- [1]]")), ?C(qlc:string_to_handle("X.", [])), ?C(qlc:string_to_handle("foo(.", [], [])), ?C(qlc:string_to_handle("[X || X <- Y].", [], [])), ?C(qlc:e(H("[X || X <- foo].", []))), ?C(qlc:e(H("[X || X <- [1 | 2]].", []))), ?C(qlc:e([1 | 2])), ?C(qlc:e(H("[1 / X || X <- [0]].", []))),
     ?C(qlc:e([1], [foo])), ?C(qlc:e([1], [{max_lookup, -1}])), ?C(qlc:cursor(x)), ?C(qlc:cursor([1], [foo])), ?C(qlc:next_answers(x, 1)), ?C(qlc:delete_cursor(x)), ?C(qlc:append(x)), ?C(qlc:append([[1], x])), ?C(qlc:sort(x)), ?C(qlc:sort([1], [{order, up}])), ?C(qlc:keysort(0, [{1}])), ?C(qlc:keysort(x, [{1}], [])), ?C(qlc:table(x, [])), ?C(qlc:table(fun() -> [] end, [foo])), ?C(qlc:fold(x, 1, [])), ?C(qlc:e(qlc:keysort(1, [{1}, x]))),
     begin C = qlc:cursor(H("[X || X <- [1, 2, 3, 4]].", []), []), R = [qlc:next_answers(C, 1), qlc:next_answers(C, all_remaining), qlc:next_answers(C, 1), ?C(qlc:next_answers(C, x)), conformance:in_process(fun() -> element(1, ?C(qlc:next_answers(C))) end)], qlc:delete_cursor(C), R ++ [?C(qlc:next_answers(C, 1))] end, ?C(qlc:parse_transform_info()), element(1, ?C(qlc:transform_from_evaluator(expr_("[X || X <- [1]]."), []))),
     ?C(qlc:vars([{var, 1, 'X'}])), ?C(qlc:var_ufold(fun(V) -> V end, expr_("X + Y."))), ?C(qlc:var_fold(fun(V) -> V end, [], expr_("X + Y."))), ?C(qlc:all_selections([[1, 2], [a, b]])), ?C(qlc:name_suffix(a, 1)), element(1, ?C(qlc:aux_name(a, 1, sets:new([{version, 2}]))))].
qlc_lookups() ->
    T = ets:new(q, [ordered_set]), B = ets:new(b, [bag, {keypos, 2}]), ets:insert(T, [{N, N rem 3} || N <- lists:seq(1, 9)]), ets:insert(B, [{x, 1}, {y, 1}, {z, 2}]),
    Bs = [{'T', T}, {'B', B}], N = fun(X) -> re:replace(re:replace(text_(X), "#Ref<[^>]*>", "REF", [global, {return, binary}]), "\\s+", " ", [global, {return, binary}]) end,
    [begin Q = qlc:string_to_handle(S, O, Bs), {lists:sort(qlc:e(Q)), N(?C(qlc:info(Q)))} end || {S, O} <- [{"[X || {X, 1} <- ets:table(T)].", []}, {"[Y || {X, Y} <- ets:table(T), X =:= 4].", []}, {"[Y || {X, Y} <- ets:table(T), (X =:= 4) or (X =:= 5)].", []}, {"[{X, Z} || {X, Y} <- ets:table(T), {Z, K} <- ets:table(B), K =:= X].", []}, {"[X || {X, _} <- ets:table(T, {traverse, {select, [{{'$1', 2}, [], ['$_']}]}})].", []},
        {"[X || {X, _} <- ets:table(T), X > 3, X < 6].", [{lookup, false}]}, {"[X || {X, 1} <- ets:table(B)].", [unique]}, {"[X || {X, _} <- ets:table(T, [{n_objects, 2}])].", [cache]}]] ++ [element(1, ?C(qlc:string_to_handle("[X || {X, Y} <- ets:table(T), Y =:= 1].", [{lookup, true}], Bs)))].

%% ---- .beam files
beam_() -> {ok, m, B} = compile:forms(forms_("-file(\"m.erl\", 1). -module(m). -vsn(7). -export([f/1]). -author(me). f(X) -> g(X) + 1.5. g(X) when is_list(X) -> \"abc\"; g(X) -> lists:map(fun(Y) -> Y end, X)."), [debug_info, deterministic]), B.
beam_chunks() ->
    B = beam_(), {ok, m, All} = beam_lib:all_chunks(B),
    [?C(beam_lib:chunks(B, [attributes, exports, labeled_exports, imports, indexed_imports, locals, labeled_locals, compile_info])), ?C(beam_lib:chunks(B, [abstract_code])), element(1, element(2, hd(element(2, element(2, ?C(beam_lib:chunks(B, [debug_info]))))))), ?C(beam_lib:chunks(B, [atoms])), ?C(beam_lib:chunks(B, ["Nope", documentation], [allow_missing_chunks])), ?C(beam_lib:chunks(B, ["Nope"])), ?C(beam_lib:chunks(B, [foo])), ?C(beam_lib:chunks(B, x)),
     [N || {N, _} <- All], ?C(beam_lib:md5(B)), ?C(beam_lib:version(B)), [K || {K, _} <- ?C(beam_lib:info(B))], ?C(beam_lib:significant_chunks()), element(1, ?C(beam_lib:build_module([{N, X} || {N, X} <- All, N =/= "Dbgi"]))), ?C(beam_lib:cmp(B, B)), begin {ok, {m, S}} = ?C(beam_lib:strip(B)), {ok, {m, S2}} = beam_lib:strip(B, ["Dbgi"]), {ok, [{m, S3}]} = beam_lib:strip_files([B]), {ok, [{m, S4}]} = beam_lib:strip_files([B], ["Line"]),
         [byte_size(S) < byte_size(B), byte_size(S2) > byte_size(S), S3 =:= S, element(1, ?C(beam_lib:chunks(zlib:gunzip(S4), ["Line"]))), ?C(beam_lib:cmp(B, S)), ?C(beam_lib:cmp(B, beam_two_())), ?C(beam_lib:chunks(S, [abstract_code])), ?C(beam_lib:md5(S)) =:= ?C(beam_lib:md5(B)), element(2, code:load_binary(m, "m.beam", S)), ?C(m:f([1])), begin code:purge(m), code:delete(m), code:purge(m) end] end].
beam_two_() -> {ok, m, B} = compile:forms(forms_("-module(m). -export([f/1]). f(X) -> X."), [deterministic]), B.
beam_damage() ->
    B = beam_(), H = fun(N) -> binary:part(B, 0, N) end, T = fun({error, beam_lib, R}) -> {case R of {E, _} -> E; {E, _, _} -> E; {E, _, P, Q} when is_integer(P), is_integer(Q) -> {E, P, Q}; {E, _, _, _} -> E; X -> X end, re:replace(text_(beam_lib:format_error(R)), "<<.*>>", "BIN", [{return, list}, dotall])}; (X) -> X end,
    [T(?C(beam_lib:F(D))) || F <- [version, md5, info, all_chunks], D <- [<<>>, <<"FOR1">>, H(12), H(20), H(100), H(byte_size(B) - 9), <<"xxxx", B/binary>>, "nofile", id(7), <<"FOR1", 4:32, "BEAM">>, <<"FOR1", 20:32, "BEAM", "Code", 99:32, 1, 2, 3>>, zlib:gzip(H(100))]] ++ [T(?C(beam_lib:cmp(H(20), B))), T(?C(beam_lib:strip(H(30)))), T(?C(beam_lib:strip_files([H(30)]))), T(?C(beam_lib:chunks(H(50), [exports])))].
beam_dirs() -> in_dir_("beams", fun(_) ->
    [ok = file:make_dir(D) || D <- ["a", "b", "r", "r/lib", "r/lib/x-1", "r/lib/x-1/ebin"]], B = beam_(), ok = file:write_file("a/m.beam", B), ok = file:write_file("b/m.beam", beam_two_()), ok = file:write_file("a/n.beam", B), ok = file:write_file("r/lib/x-1/ebin/m.beam", B),
    [?C(beam_lib:cmp_dirs("a", "b")), ?C(beam_lib:cmp_dirs("a", "a")), ?C(beam_lib:cmp_dirs("a", "nope")), ?C(beam_lib:diff_dirs("a", "b")), ?C(beam_lib:strip_release("r")), ?C(beam_lib:strip_release("r", ["Dbgi"])), ?C(beam_lib:strip_release("none")), ?C(beam_lib:strip_files(["a/m.beam"])), ?C(beam_lib:version("a/m")), [text_(?C(beam_lib:format_error(E))) || E <- [{not_a_directory, "x"}, {invalid_beam_file, "x", 3}, {unknown_chunk, "x", foo}, {file_error, "x", enoent}, {missing_backend, "x", m}, {key_missing_or_invalid, "x", abstract_code}, badfun, exists, {modules_different, a, b}, {different_chunks, "x"}, {not_a_beam_file, "x"}, {chunk_too_big, "f", "c", 1, 2}, other]]] end).
beam_keys() ->
    F = fun(init) -> {ok, fun(_) -> none end}; (_) -> "key" end,
    [?C(beam_lib:get_crypto_key({debug_info, des3_cbc, m, "f"})), ?C(beam_lib:crypto_key_fun(F)), ?C(beam_lib:crypto_key_fun(F)), ?C(beam_lib:get_crypto_key({debug_info, des3_cbc, m, "f"})), ?C(beam_lib:clear_crypto_key_fun()), ?C(beam_lib:clear_crypto_key_fun()), ?C(beam_lib:crypto_key_fun(id(7))), ?C(beam_lib:crypto_key_fun(fun(_) -> {error, no} end)), ?C(beam_lib:make_crypto_key(foo, "x"))].
abstract_code() -> D = {debug_info_v1, erl_abstract_code, {forms_("-module(m). -export([f/0]). f() -> 1."), []}}, [?C(erl_abstract_code:debug_info(Fmt, m, element(3, D), O)) || Fmt <- [erlang_v1, foo], O <- [[]]] ++ [?C(erl_abstract_code:debug_info(erlang_v1, m, {none, []}, [])), ?C(erl_abstract_code:debug_info(core_v1, m, {none, []}, [])), element(1, ?C(erl_abstract_code:debug_info(core_v1, m, element(3, D), [])))].

%% ---- features
features() ->
    [?C(erl_features:keywords(maybe_expr)), ?C(erl_features:keywords(nope)), ?C(erl_features:format_error(badarg, [{erl_features, short, [nope], [{error_info, #{module => erl_features}}]}])), [text_(?C(erl_features:format_error(E))) || E <- [{not_configurable, x}, {invalid_features, [a]}, {invalid_features, [a, b, c]}, {incorrect_features, [a]}]],
     begin {ok, {Fs, K}} = erl_features:keyword_fun([{feature, maybe_expr, enable}], fun erl_scan:f_reserved_word/1), [Fs, [K(A) || A <- ['maybe', 'else', 'end', foo]]] end, ?C(erl_features:keyword_fun([{feature, nope, enable}], fun(_) -> false end)), [case ?C(erl_features:keyword_fun(O, F, [], fun(_) -> false end)) of {ok, {L, _}} -> L; X -> X end || {O, F} <- [{enable, maybe_expr}, {disable, maybe_expr}, {enable, nope}, {foo, maybe_expr}, {enable, x}]],
     ?C(erl_features:init_parse_state([], [])) =/= x, ?C(erl_features:short(nope)), ?C(erl_features:long(nope)), ?C(erl_features:info(nope))].
