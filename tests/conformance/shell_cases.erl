%% SPDX-License-Identifier: Apache-2.0
%% Booted.
%% What people type at: the module c and the shell's own functions, line editing and completion, help texts, io's requests, argparse, pool, peer, timer.
-module(shell_cases).
-compile([export_all, nowarn_export_all, nowarn_deprecated_function]).
-import(conformance, [id/1, plain/1, message/1, frames/2, flush/0, take/0, down/1]).
-define(C(X), r_(fun() -> X end)).

r_(F) -> conformance:outcome(?MODULE, F).
text_(T) ->
    try re:replace(unicode:characters_to_binary(T), "(#Ref|#Fun|#Port)?<\\d[^>]*>", "ID", [global, {return, binary}])
    catch _:_ -> plain(T) end.
in_dir_(N, F) ->
    D = filename:join("/tmp", "beamr_shell_" ++ os:getpid() ++ "_" ++ N),
    file:del_dir_r(D),
    ok = filelib:ensure_path(D),
    {ok, Cwd} = file:get_cwd(),
    ok = file:set_cwd(D),
    try F(D) after file:set_cwd(Cwd), file:del_dir_r(D) end.

%% The value of a fun, and what it prints. What it reads comes from Input.
said_(F) -> said_("", F).
said_(Input, F) ->
    Old = group_leader(), Io = spawn_link(fun() -> io_(Input, [], #{binary => false, encoding => unicode}) end),
    group_leader(Io, self()),
    R = try F() after group_leader(Old, self()) end,
    Io ! {text, self()},
    receive {text, Io, T} -> {R, text_(T)} end.
%% An input/output device as the documents on the protocol have it.
io_(In, Out, O) ->
    receive
        {text, P} -> P ! {text, self(), lists:reverse(Out)};
        {io_request, From, As, Rq} -> {A, In1, Out1, O1} = io_request_(Rq, In, Out, O), From ! {io_reply, As, A}, io_(In1, Out1, O1)
    end.
io_request_({put_chars, _, T}, In, Out, O) -> {ok, In, [T | Out], O};
io_request_({put_chars, _, M, F, A}, In, Out, O) -> {ok, In, [apply(M, F, A) | Out], O};
io_request_({requests, Rs}, In, Out, O) -> lists:foldl(fun(R, {ok, I, T, P}) -> io_request_(R, I, T, P); (_, E) -> E end, {ok, In, Out, O}, Rs);
io_request_({get_geometry, columns}, In, Out, O) -> {80, In, Out, O};
io_request_({get_geometry, rows}, In, Out, O) -> {24, In, Out, O};
io_request_(getopts, In, Out, O) -> {lists:sort(maps:to_list(O)), In, Out, O};
io_request_({setopts, L}, In, Out, O) -> {ok, In, Out, maps:merge(O, maps:from_list(proplists:unfold(L)))};
io_request_({get_chars, _, P, N}, In, Out, O) -> {A, B} = lists:split(min(N, length(In)), In), {if A =:= [], N > 0 -> eof; true -> A end, B, [prompt_(P) | Out], O};
io_request_({get_line, _, P}, In, Out, O) -> {A, B} = line_(In), {if A =:= [] -> eof; true -> A end, B, [prompt_(P) | Out], O};
io_request_({get_until, _, P, M, F, As}, In, Out, O) -> until_([], In, M, F, As, [prompt_(P) | Out], O);
io_request_({get_password, _}, In, Out, O) -> {A, B} = line_(In), {string:trim(A), B, Out, O};
io_request_(R, In, Out, O) -> {{error, {request, element(1, R)}}, In, Out, O}.
prompt_({format, F, A}) -> io_lib:format(F, A);
prompt_(P) when is_atom(P) -> atom_to_list(P);
prompt_(P) -> P.
line_(In) -> case lists:splitwith(fun(C) -> C =/= $\n end, In) of {A, [$\n | B]} -> {A ++ "\n", B}; {A, []} -> {A, []} end.
until_(C, In, M, F, As, Out, O) ->
    {L, Rest} = line_(In),
    case apply(M, F, [C, if L =:= [] -> eof; true -> L end | As]) of
        {done, R, Left} -> {R, if is_list(Left) -> Left ++ Rest; true -> Rest end, Out, O};
        {more, C1} -> until_(C1, Rest, M, F, As, Out, O)
    end.

%% ---- io
io_reads() ->
    [said_("foo(1).\n{a, [b\n]}. rest\nx y z\n12 ab\n-spec f() -> x.\nf(X) -> X.\n", fun() -> [?C(io:parse_erl_exprs('1> ')), ?C(io:read('2> ')), ?C(io:get_line(p)), ?C(io:get_chars(q, 3)), ?C(io:get_line("l")), ?C(io:fread('3> ', "~d ~s")), ?C(io:parse_erl_form('4> ')), ?C(io:scan_erl_form('5> ')), ?C(io:read(e)), ?C(io:get_line(e)), ?C(io:get_chars(e, 1)), ?C(io:fread(e, "~d"))] end),
     said_("a b.\n{x.\nfoo bar.\nok.\n\"unterminated\n", fun() -> [?C(io:read(a)), ?C(io:read(standard_io, b)), ?C(io:parse_erl_exprs(standard_io, c, 7)), ?C(io:scan_erl_exprs(d)), ?C(io:scan_erl_exprs(group_leader(), e, {1, 1}, [text]))] end),
     said_("a. b. c. d.\ne.\nf.\n", fun() -> [?C(io:read(standard_io, p, 5)), ?C(io:read(standard_io, p, {5, 6}, [])), ?C(io:scan_erl_exprs(standard_io, p)), ?C(io:scan_erl_exprs(standard_io, p, 3)), ?C(io:parse_erl_exprs(standard_io, p)), ?C(io:parse_erl_exprs(standard_io, p, 1, [])), ?C(io:parse_erl_form(standard_io, p)), ?C(io:parse_erl_form(standard_io, p, 1)), ?C(io:parse_erl_form(standard_io, p, 1, [])), ?C(io:scan_erl_form(standard_io, p)), ?C(io:scan_erl_form(standard_io, p, 1)), ?C(io:scan_erl_form(standard_io, p, 1, []))] end),
     said_("secret\nabc\nmore\n", fun() -> [?C(io:get_password()), ?C(io:get_password(group_leader())), ?C(io:get_line("é")), ?C(io:fread(standard_io, "p", "~s")), ?C(io:columns()), ?C(io:columns(group_leader())), ?C(io:rows()), ?C(io:rows(group_leader())), ?C(io:getopts()), ?C(io:setopts([binary, {encoding, latin1}])), ?C(io:getopts(group_leader())), ?C(io:setopts(group_leader(), [list])), ?C(io:printable_range())] end)].
io_writes() ->
    said_(fun() -> [?C(io:put_chars("a")), ?C(io:put_chars(group_leader(), <<"é"/utf8>>)), ?C(io:put_chars(standard_io, unicode, [16#3b1])), ?C(io:nl()), ?C(io:nl(group_leader())), ?C(io:write({a, "b"})), ?C(io:write(group_leader(), 'X y')), ?C(io:format("~p~n", [x])), ?C(io:format("x~n")), ?C(io:fwrite("y~n")), ?C(io:fwrite("~w", [z])), ?C(io:fwrite(standard_io, "~ts", [<<"ö"/utf8>>])), ?C(io:format(group_leader(), "~s", ["s"])),
        ?C(io:request(nl)), ?C(io:request(standard_io, {put_chars, unicode, "r"})), ?C(io:requests([nl, {put_chars, unicode, "q"}])), ?C(io:requests(group_leader(), [nl])), ?C(io:request(foo)), ?C(io:request({foo, bar})), ?C(io:format("~p", [])), ?C(io:format("~p", foo)), ?C(io:format(foo, [])), ?C(io:format("~s", [a, b])), ?C(io:format(id(7), "x", [])), ?C(io:format(no_such_device, "x", [])), ?C(io:put_chars([a])), ?C(io:put_chars(no_such_device, "x")), ?C(io:put_chars([16#110000])), ?C(io:write(no_such_device, x)), ?C(io:nl(no_such_device)), ?C(io:fwrite("~q", [1])), ?C(io:setopts([foo])), ?C(io:setopts(id(foo))), ?C(io:getopts(no_such_device)), ?C(io:get_line(no_such_device, p)), ?C(io:get_chars(p, -1)), ?C(io:read(no_such_device, p)), ?C(io:columns(no_such_device)), ?C(io:rows(id(7))), ?C(io:request(no_such_device, nl)), ?C(io:format("~ts ~p", [<<255>>, 1]))] end).
dead_device() -> P = spawn(fun() -> ok end), down(P), [?C(io:F(P, "x")) || F <- [put_chars, format, write, get_line]] ++ [?C(io:nl(P)), ?C(io:columns(P)), ?C(io:getopts(P))].
format_inside() -> [text_(?C(io_lib_format:fwrite(F, A))) || {F, A} <- [{"~10p|~-10w|~10.5s|~c", [a, b, "hello world", $x]}, {"~i~w", [1, 2]}, {"~q", [1]}, {"~p", []}, {"~.3f ~.2e ~g", [1.0, 2.5, 3.25]}, {"~*c", [3, $x]}]] ++
    [?C(io_lib_format:scan("~10.2.xp~ts", [a, b])), ?C(io_lib_format:unscan(io_lib_format:scan("~10p~s", [a, "b"]))), text_(?C(io_lib_format:build(io_lib_format:scan("~p", [{a, b}])))), text_(?C(io_lib_format:build(io_lib_format:scan("~p", [lists:seq(1, 90)]), [{chars_limit, 20}]))), text_(?C(io_lib_format:fwrite("~p", [lists:seq(1, 90)], [{chars_limit, 20}]))), ?C(io_lib_format:indentation("abc\nde\tf", 3)), [?C(io_lib_format:fwrite_g(X)) || X <- [1.0, 0.1, 1.0e22, 1.0e23, 5.0e-324, -0.0, 123456789.125, 1.7976931348623157e308, a]], [text_(?C(io_lib_format:F("~ts ~p", ["é", <<"x">>]))) || F <- [fwrite_bin]], text_(?C(io_lib_format:fwrite_bin("~p", [x], [{chars_limit, 3}]))), text_(?C(io_lib_format:build_bin(io_lib_format:scan("~w", [z])))), text_(?C(io_lib_format:build_bin(io_lib_format:scan("~w", [z]), [])))].
pretty_inside() ->
    T = {foo, [1, 2, 3], #{a => "text"}, <<"bin", 200>>, [{k, lists:seq(1, 30)}, 'quoted atom'], "a string that is long enough to be broken over lines when there is no room for it all", 1.5, [a | b]},
    R = fun(r, 2) -> [x, y]; (_, _) -> no end,
    [text_(?C(io_lib_pretty:print(T))), text_(?C(io_lib_pretty:print(T, R))), text_(?C(io_lib_pretty:print({r, 1, 2}, R))), text_(?C(io_lib_pretty:print(T, 5, 30, 4))), text_(?C(io_lib_pretty:print({r, T, 2}, 1, 60, -1, R))), text_(?C(io_lib_pretty:print(T, 1, 80, 10, 50, R))), text_(?C(io_lib_pretty:print(T, [{column, 3}, {line_length, 40}, {depth, 8}, {max_chars, 20}, {encoding, latin1}, {strings, false}, {record_print_fun, R}, {maps_order, reversed}]))), text_(?C(io_lib_pretty:write(T))), text_(?C(io_lib_pretty:write({r, 1, 2}, [{record_print_fun, R}]))), text_(?C(io_lib_pretty:write(T, 6))), text_(?C(io_lib_pretty:print_bin(T, []))), ?C(io_lib_pretty:print(T, [foo])), element(1, ?C(io_lib_pretty:intermediate(T, 20, 40, R, latin1, true, undefined))),
     [?C(io_lib_fread:fread(F, S)) || {F, S} <- [{"~d ~s", "12 abc rest"}, {"~f~c~5c", "1.5xhello"}, {"~d", "x"}, {"~d", ""}, {"~a~*d~l", "foo 7"}, {"~16u~#", "ff 2#101"}, {"~~~-", "~-7"}, {"~q", "x"}, {"a b", "a c"}, {"~ts", "é"}, {"~2d~3s", "1234567"}]], [?C(io_lib_fread:fread([], C, "~d~s")) || C <- ["1 ", "12 abc\n", eof, "x"]], ?C(io_lib_fread:fread("~d", "12", 3, [])), text_(?C(io_lib_fread:fread(element(2, io_lib_fread:fread([], "1", "~d")), "2 ", "~d")))].

%% ---- c
c_files() -> in_dir_("c", fun(D) ->
    S = fun(M, T) -> ok = file:write_file(atom_to_list(M) ++ ".erl", ["-module(", atom_to_list(M), ").\n-export([f/0]).\n", T]) end, S(sc_a, "f() -> 1.\n"), S(sc_b, "f() -> X.\n"), S(sc_c, "f() -> Y = 2.\n"), ok = file:write_file("sc_y.yrl", "Nonterminals a.\nTerminals x.\nRootsymbol a.\na -> x : '$1'.\n"), ok = filelib:ensure_path("sub"), ok = file:write_file("sub/file", "x"), H = fun(X) -> {V, T} = X, {V, binary:replace(T, list_to_binary(D), <<"DIR">>, [global])} end,
    R = [H(said_(F)) || F <- [fun() -> ?C(c:c(sc_a, [])) end, fun() -> ?C(c:c("sc_a.erl", [], fun(_) -> true end)) end, fun() -> ?C(c:c(sc_a, [return])) end, fun() -> ?C(c:c(sc_b, [])) end, fun() -> ?C(c:c(sc_c)) end, fun() -> ?C(c:c(sc_none)) end, fun() -> ?C(c:c(sc_none, [])) end, fun() -> ?C(c:nc(sc_a, [])) end, fun() -> ?C(c:nl(sc_none)) end, fun() -> ?C(c:l(sc_a)) end, fun() -> ?C(c:l(sc_none)) end, fun() -> [X || X <- ?C(c:lm()), is_tuple(X), element(2, X) =:= sc_a] end, fun() -> ?C(c:y(sc_nope)) end, fun() -> ?C(c:y(sc_nope, [])) end,
        fun() -> ?C(c:cd("sub")) end, fun() -> ?C(c:ls()) end, fun() -> ?C(c:pwd()) end, fun() -> ?C(c:cd("nope")) end, fun() -> ?C(c:cd("..")) end, fun() -> ?C(c:cd()) end, fun() -> ?C(c:ls("sub")) end, fun() -> ?C(c:ls("sub/file")) end, fun() -> ?C(c:ls("nope")) end, fun() -> ?C(c:ls(sub)) end, fun() -> ?C(c:mm()) =/= x end, fun() -> [?C(c:erlangrc([D])), ?C(c:erlangrc(x)), ?C(c:xm(sc_none)) =/= y] end]], code:purge(sc_a), code:delete(sc_a), code:purge(sc_a), R end).
numbers_(P) -> [list_to_integer(N) || N <- string:lexemes(pid_to_list(P), "<.>")].
c_shows() ->
    W = fun(F) -> {R, T} = said_("q\nq\nq\n", F), {R, hd(binary:split(T, <<"\n">>)), byte_size(T) > 0} end, N = fun(F) -> {R, T} = said_("q\nq\nq\n", F), {case R of {error, _, _, _} -> R; _ -> ok end, byte_size(T) > 10} end,
    P = spawn(fun() -> receive stop -> ok end end), self() ! {mail, 1}, self() ! two,
    R = [said_(fun() -> c:flush() end), said_(fun() -> c:flush() end), W(fun() -> ?C(c:help()) end), N(fun() -> ?C(c:i()) end), N(fun() -> ?C(c:ni()) end), N(fun() -> ?C(c:m()) end), N(fun() -> ?C(c:m(lists)) end), N(fun() -> ?C(c:m(id(no_such_m))) end), N(fun() -> ?C(c:regs()) end), N(fun() -> ?C(c:nregs()) end), N(fun() -> ?C(c:bt(P)) end), ?C(c:bt(id(foo))), N(fun() -> ?C(c:uptime()) end), lists:sort([K || {K, V} <- ?C(c:memory()), is_integer(V), lists:member(K, [total, processes, atom, binary, code, ets, system])]), is_integer(c:memory(total)), [K || {K, _} <- c:memory([ets, atom])], ?C(c:memory(id(foo))), N(fun() -> ?C(c:display_info(P)) end), begin [A, B, C] = numbers_(P), [[K || {K, _} <- ?C(c:i(A, B, C)), K =:= initial_call], ?C(c:pid(A, B, C))] end, ?C(c:i(99999, 1, 1)) =/= x, said_(fun() -> ?C(c:h(no_such_m)) end), said_(fun() -> ?C(c:h(?MODULE)) end), said_(fun() -> ?C(c:h(?MODULE, f)) end), said_(fun() -> ?C(c:h(?MODULE, f, 1)) end), [said_(fun() -> ?C(F(no_such_m)) end) || F <- [fun c:ht/1, fun c:hcb/1, fun c:h1/1]], [said_(fun() -> ?C(F(?MODULE, f)) end) || F <- [fun c:ht/2, fun c:hcb/2, fun c:h1/2]], [said_(fun() -> ?C(F(?MODULE, f, 1)) end) || F <- [fun c:ht/3, fun c:hcb/3, fun c:h1/3]]],
    exit(P, kill), R.
shell_default() ->
    P = spawn(fun() -> receive stop -> ok end end), self() ! mail, W = fun(F) -> {R, T} = said_("q\nq\nq\n", F), {case R of {error, _, _, _} -> R; _ -> ok end, byte_size(T) > 10} end,
    R = [said_(fun() -> shell_default:flush() end), W(fun() -> ?C(shell_default:help()) end), W(fun() -> ?C(shell_default:i()) end), W(fun() -> ?C(shell_default:m()) end), W(fun() -> ?C(shell_default:m(lists)) end), W(fun() -> ?C(shell_default:regs()) end), W(fun() -> ?C(shell_default:nregs()) end), W(fun() -> ?C(shell_default:bt(P)) end), W(fun() -> ?C(shell_default:uptime()) end), is_list(shell_default:memory()), is_integer(shell_default:memory(total)), ?C(shell_default:l(id(no_such_m))), ?C(shell_default:nl(id(no_such_m))), said_(fun() -> ?C(shell_default:c(no_such_m)) end), said_(fun() -> ?C(shell_default:c(no_such_m, [])) end), said_(fun() -> ?C(shell_default:nc(no_such_m)) end), said_(fun() -> ?C(shell_default:h(no_such_m)) end), said_(fun() -> ?C(shell_default:ht(no_such_m)) end), said_(fun() -> ?C(shell_default:hcb(no_such_m)) end), said_(fun() -> ?C(shell_default:h(?MODULE, f)) end), said_(fun() -> ?C(shell_default:h(?MODULE, f, 1)) end), said_(fun() -> ?C(shell_default:ht(?MODULE, f)) end), said_(fun() -> ?C(shell_default:ht(?MODULE, f, 1)) end), said_(fun() -> ?C(shell_default:hcb(?MODULE, f)) end), said_(fun() -> ?C(shell_default:hcb(?MODULE, f, 1)) end), ?C(shell_default:no_such_command()), ?C(shell_default:no_such_command(1, 2)), is_list(?C(shell_default:lm())), is_list(?C(shell_default:mm())), begin [A, B, C] = numbers_(P), [is_list(?C(shell_default:i(A, B, C))), shell_default:pid(A, B, C) =:= P] end, W(fun() -> ?C(shell_default:ni()) end), element(1, said_(fun() -> ?C(shell_default:pwd()) end)), ?C(shell_default:erlangrc(["/no/such"])), element(1, said_(fun() -> ?C(shell_default:cd("/no/such")) end)), said_(fun() -> ?C(shell_default:ls("/no/such")) end), ?C(shell_default:lc([])), W(fun() -> ?C(shell_default:bi(lists)) end)],
    exit(P, kill), R.

%% ---- shell
shell_options() -> [begin Old = F(A), R = {?C(F(B)), ?C(F(A))}, F(Old), {R, ?C(F(id(foo)))} end || {F, A, B} <- [{fun shell:history/1, 3, 5}, {fun shell:results/1, 4, 6}, {fun shell:strings/1, true, false}, {fun shell:catch_exception/1, true, false}]] ++
    [?C(shell:prompt_func(id(7))), ?C(shell:prompt_func(default)), ?C(shell:prompt_func({?MODULE, prompt})), ?C(shell:prompt_func(default)), ?C(shell:multiline_prompt_func(default)), ?C(shell:multiline_prompt_func(id(7))), ?C(shell:multiline_prompt_func({a, b})), ?C(shell:multiline_prompt_func(default)), ?C(shell:format_shell_func(default)), ?C(shell:format_shell_func(id(7))), ?C(shell:format_shell_func({?MODULE, fmt})), ?C(shell:format_shell_func(default)), text_(?C(shell:erl_pp_format_func("f(X)->X."))), text_(?C(shell:erl_pp_format_func("f("))), ?C(shell:prompt_width("a> ")), ?C(shell:prompt_width("é> ", latin1)), text_(?C(shell:default_multiline_prompt([{history, 1}]))), text_(?C(shell:inverted_space_prompt("123> "))), ?C(shell:local_func()), ?C(shell:local_func(id(7))), ?C(shell:get_function(f, 1)), ?C(shell:get_state()), ?C(shell:whereis()), ?C(shell:stop_restricted()) , ?C(shell:start_restricted(id(no_such_m))), ?C(shell:local_allowed(f, [], s)), ?C(shell:non_local_allowed(f, [], s)), ?C(shell:hints(true)) =/= x].

%% ---- edlin
edit_(Keys) -> edit_(edlin:start("> "), Keys).
edit_({more_chars, Cs, _}, Keys) ->
    case edlin:edit_line(Keys, Cs) of
        {done, L, Rest, Rs} -> {done, plain(L), Rest, plain(Rs)};
        {more_chars, C, Rs} -> {more, edlin:current_line(C), edlin:current_chars(C), edlin:length_before(C), edlin:length_after(C), edlin:prompt(C), plain(Rs)};
        {Op, Rest, _, Rs} -> {op, Op, Rest, plain(Rs)};
        {Op, A, Rest, C, Rs} -> {op, Op, plain(A), Rest, catch edlin:current_line(C), plain(Rs)};
        X -> plain(X)
    end.
edlin() -> put(key_map, edlin_key:get_key_map()), put(kill_buffer, []), [?C(edit_(K)) || K <- ["abc", "abc\n", "ab\bc", "abc\^Ax", "abc\^A\^F\^Dx\n", "one two\^Wthree\n", "abc\^B\^B\^Ky\n", "abc\^Uz\n", "abc\^K\^A\^Y", "ab\^Tc", "\t", "foo\t", "abc\^P", "abc\^N", "\e[D", "ab\e[Dc\n", "ab\e[Hc\n", "a b\eb\edx\n", "a b\e\177\n", "é\x{1F600}\b\n", "\^R", "\^S", "\^L", "\^V", "\e[A", "\e[B", "\e[3~", "ab\e[1;5Dc", "ab\e\e", "\^X\^E", "abc\^G", "\^O", "(a)", "\"a)"]].
edlin_more() -> put(key_map, edlin_key:get_key_map()), put(kill_buffer, []), {more_chars, C, _} = edlin:start("p> "), [?C(edlin:length_before({line, "p", {[], {"ba", "cd"}, []}, {normal, none}})), ?C(edlin:length_after({line, "p", {[], {"ba", "cd"}, []}, {normal, none}})), ?C(edlin:current_line({line, "p", {[], {"ba", "cd"}, []}, {normal, none}})), ?C(edlin:current_chars({line, "p", {[], {"ba", "cd"}, []}, {normal, none}})), ?C(edlin:prompt({line, "p", {[], {[], []}, []}, none})), ?C(edlin:erase_line()), ?C(edlin:erase_inp({line, "p", {[], {"ab", "c"}, []}, none})), ?C(edlin:redraw_line({line, "p", {[], {"ab", "c"}, []}, none})), ?C(edlin:over_word("foo bar", [], 0)), ?C(edlin:over_word("'a b' c", [], 0)), ?C(edlin:start("x", {"ab", "cd"})), is_map(?C(edlin:keymap())), element(1, ?C(edlin:edit_line1("abc", C))), is_map(?C(edlin_key:get_key_map())), [?C(edlin_key:get_valid_escape_key(K, [])) || K <- ["\e[A", "[A", "\eb", "x", "\e[1;5D", "\e"]]].
edlin_contexts() -> [{T, ?C(edlin_context:get_context(lists:reverse(T)))} || T <- ["", "foo", "lists:", "lists:ma", "lists:map(", "lists:map(X, [", "\"str", "'ato", "fun ", "fun lists:", "fun lists:map/", "#", "#rec", "#rec{", "#rec{a", "#rec{a = ", "#{a => ", "X", "M#{", "[a, b", "foo(bar(", "{a, ", "f(\"x\", ", "case x of", "?mac", "-sp", "a.b", "$x", "<<a:", "fun(X) -> ", "begin X", "~s\"a"]] ++ [?C(edlin_context:get_context("ab", "cd")), ?C(edlin_context:odd_quotes($", "a\"b")), ?C(edlin_context:odd_quotes($', "a'b'"))].
edlin_expansions() -> [{T, text_(io_lib:format("~0p", [?C(edlin_expand:expand(lists:reverse(T)))]))} || T <- ["", "calen", "calendar:", "calendar:date_to", "calendar:zz", "no_such_m:", "queue:filter", "queue:is_empty(", "proplists:get_valu", "nosuchthing", "\"/no/such/d", "fun calendar:date", "fun calendar:date_to_gregorian_days/", "calendar:date_to_gregorian_days(", "calendar:day_of_the_week({", "#nore", "Xyz", "'calend"]]
    ++ [?C(edlin_expand:expand(lists:reverse("calendar:date_to"), [])), ?C(edlin_expand:expand(lists:reverse("Xy"), [], {shell_state, [{'Xyz', 1}], [], []})), text_(?C(edlin_expand:format_matches([{"abc", "("}, {"abd", ""}], 80))), ?C(edlin_expand:number_matches([#{title => "t", elems => [{"a", []}], options => []}])), ?C(edlin_expand:over_word("cba xyz")), ?C(edlin_expand:is_type(tuple, [], "{a")), ?C(edlin_expand:match_arguments1([], [], "")), is_list(?C(edlin_expand:get_exports(lists))), ?C(edlin_expand:get_exports(id(no_such_m))), is_list(?C(edlin_expand:bif("abs"))), ?C(edlin_expand:shell_default_or_bif("nosuchf")),
        [?C(edlin_type_suggestion:F(calendar, day_of_the_week, 1)) =/= x || F <- [get_function_type, get_types, get_arity, get_atoms] , F =:= type], ?C(edlin_type_suggestion:type_tree(no_such_m, {type, 1, integer, []}, [], [])), ?C(edlin_type_suggestion:print_type({type, 1, integer, []}, [], [])), ?C(edlin_type_suggestion:get_arity([], {type, 1, integer, []}, [])) , ?C(edlin_type_suggestion:get_atoms([], {atom, 1, a}, []))].

%% ---- help texts
docs_() -> {docs_v1, [{file, "x"}, {location, 1}], erlang, <<"text/markdown">>, #{<<"en">> => <<"# Title\n\nSome *text* with `code` and a [link](other#f/1).\n\n- one\n- two\n  more\n\n1. first\n2. second\n\n> quoted\n\n```erlang\n1> foo.\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n**bold** _em_ ~~x~~ <br/> \\* \n\n> #### Note {: .info }\n> noted\n">>}, #{},
    [{{function, f, 1}, [{location, 3}], [<<"f(X)">>], #{<<"en">> => <<"Does `f`.\n\n## Example\n\nx">>}, #{since => <<"OTP 27">>}}, {{function, g, 0}, 4, [<<"g()">>], hidden, #{}}, {{function, g, 1}, 4, [<<"g(A)">>], none, #{deprecated => <<"soon">>}}, {{type, t, 0}, 5, [<<"t()">>], #{<<"en">> => <<"A type">>}, #{}}, {{callback, c, 1}, 6, [<<"c(X)">>], #{<<"en">> => <<"A callback">>}, #{}}]}.
docs() -> D = docs_(), O = #{ansi => false, columns => 60, encoding => unicode},
    [text_(?C(shell_docs:render(m, D, O))), text_(?C(shell_docs:render(m, f, D, O))), text_(?C(shell_docs:render(m, f, 1, D, O))), text_(?C(shell_docs:render(m, f, 7, D, O))), text_(?C(shell_docs:render(m, g, D, O))), text_(?C(shell_docs:render_type(m, D, O))), text_(?C(shell_docs:render_type(m, t, D, O))), text_(?C(shell_docs:render_type(m, t, 0, D, O))), text_(?C(shell_docs:render_type(m, zz, 0, D, O))), text_(?C(shell_docs:render_callback(m, D, O))), text_(?C(shell_docs:render_callback(m, c, D, O))), text_(?C(shell_docs:render_callback(m, c, 1, D, O))), ?C(shell_docs:get_doc(no_such_m)), ?C(shell_docs:get_doc(no_such_m, f, 1)), ?C(shell_docs:get_type_doc(no_such_m, f, 1)), ?C(shell_docs:get_callback_doc(no_such_m, f, 1)), text_(?C(shell_docs:render(m, D, O#{ansi => true})))].
markdown() -> [?C(shell_docs_markdown:parse_md(T)) || T <- [<<>>, <<"a\nb\n\nc">>, <<"# h1\n## h2 ##\nh\n===\n">>, <<"*a* **b** `c` ``d`e`` [f](g) ![i](j) <http://x.y> \\* &amp;">>, <<"- a\n  - b\n- c\n\n* d\n+ e\n1. f\n">>, <<"    code\n\n```x\ny\n```\n~~~\nz\n~~~\n">>, <<"> a\n> > b\nc\n">>, <<"|a|b|\n|-|:-:|\n|1|2|\n\n---\n***\n">>, <<"*open **bold* x**\n`open\n[open](x\n">>, <<"a  \nb\\\nc">>, <<"<b>x</b>\n\n<!-- c -->">>]] ++ [?C(shell_docs_markdown:parse_md(x)), ?C(shell_docs_markdown:parse_md([<<"a">>], []))].

%% ---- argparse, timer, pool
arguments() -> C = #{help => "H", arguments => [#{name => f, help => "file"}, #{name => v, short => $v, type => boolean}, #{name => n, long => "-num", type => {integer, [{min, 1}]}, default => 3}, #{name => c, short => $c, type => {atom, [a, b]}, required => false}, #{name => l, long => "-list", nargs => list, required => false}], commands => #{"sub" => #{help => "S", handler => fun(X) -> X end, arguments => [#{name => x, type => float}]}}},
    [begin R = ?C(argparse:parse(A, C, #{progname => "p"})), {R, case R of {error, E} -> {text_(?C(argparse:format_error(E))), x}; _ -> ok end} end || A <- [[], ["x"], ["x", "-v", "--num", "0"], ["x", "--num", "z"], ["x", "-c", "q"], ["x", "-c", "b", "sub", "1.5"], ["x", "sub", "y"], ["x", "--nope"], ["x", "y"], ["x", "--list", "a", "b"], ["-v"]]]
    ++ [text_(?C(argparse:help(C))), text_(?C(argparse:help(C, #{progname => "p", command => ["sub"], columns => 40}))), ?C(argparse:validate(C, #{progname => "q"})), [?C(argparse:validate(X)) || X <- [#{arguments => [#{}]}, #{arguments => [#{name => a, short => "x"}]}, #{arguments => [#{name => a, type => foo}]}, #{arguments => [#{name => a, short => $a}, #{name => b, short => $a}]}, #{commands => #{x => #{}}}, foo, #{arguments => [#{name => a, nargs => -1}]}]]].
timers() -> S = self(), {ok, A} = timer:apply_after(0, fun() -> S ! zero end), {ok, B} = timer:apply_after(0, fun(X) -> S ! X end, [one]), R = lists:sort([take(), take()]), {ok, I} = timer:apply_interval(1, fun(X) -> S ! {i, X} end, [x]), R1 = take(), timer:cancel(I), {ok, P} = timer:apply_repeatedly(1, fun() -> S ! rep end), R2 = (fun W() -> case take() of rep -> rep; {i, x} -> W() end end)(), timer:cancel(P), {W, M} = spawn_monitor(fun() -> receive never -> ok end end), {ok, _} = timer:kill_after(0, W), R3 = receive {'DOWN', M, process, W, X3} -> X3 after 5000 -> none end, {_, {ok, _}} = {A, {ok, B}},
    [R, R1, R2, R3, element(2, ?C(timer:tc(fun() -> v end))), element(2, timer:tc(fun(X) -> X end, [w], millisecond)), element(2, timer:tc(lists, max, [[1, 2]], second)), [?C(timer:F(id(-1), fun() -> ok end)) || F <- [apply_after, apply_interval, apply_repeatedly]], [?C(timer:F(5, foo)) || F <- [apply_after, apply_interval, apply_repeatedly]], [?C(timer:F(5, fun(_) -> x end, [1, 2])) || F <- [apply_after, apply_interval, apply_repeatedly]], ?C(timer:apply_after(5, lists, map, foo)), ?C(timer:send_after(a, b)), ?C(timer:send_after(1, no_such_name_, x)) =/= y, ?C(timer:send_interval(-1, x)), ?C(timer:exit_after(-1, x)), ?C(timer:kill_after(id(a))), ?C(timer:cancel(id(foo))), ?C(timer:sleep(id(a))), ?C(timer:now_diff(a, b)), ?C(timer:seconds(a)), ?C(timer:hms(1, 2, 3)), ?C(timer:tc(fun() -> error(e) end))].
