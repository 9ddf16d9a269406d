%% SPDX-License-Identifier: Apache-2.0
%% Module file: files that a process of file_io_server holds, raw ones, ones in memory; all options; terms, lines, encodings; errors.
-module(file_cases).
-export([write_read/0, open_modes/0, open_errors/0, binary_and_list/0, encodings/0, encoding_errors/0, io_functions/0, lines/0, crlf/0, positions/0,
         pread_pwrite/0, truncating/0, read_ahead/0, delayed_write/0, delayed_errors/0, raw_and_cooked/0, compressed/0, copying/0,
         consulting/0, evaluating/0, scripts/0, path_functions/0, folders/0, deleting_trees/0, links/0, renaming/0, info/0, permissions/0, change_times/0,
         whole_files/0, write_file_modes/0, bad_names/0, list_dir_all/0, format_errors/0, owner_of_cooked/0, server_dies/0, close_twice/0, foreign_close/0,
         setopts/0, file_server_calls/0, cwd/0, sendfile_less/0, advise_allocate/0, sync/0, posix_atoms/0, exclusive/0, directory_mode/0,
         many_open/0, large_cooked/0, io_errors/0, encoding_of/0, terms_of_unicode/0, nested_names/0]).
-import(conformance, [id/1, err/1]).

%% The server, where no kernel application has started it.
in_folder(Fun) ->
    case whereis(file_server_2) of
        undefined -> {ok, _} = file_server:start();
        _ -> ok
    end,
    Dir = "/tmp/cases-" ++ os:getpid() ++ "-" ++ integer_to_list(erlang:unique_integer([positive])),
    ok = file:make_dir(Dir),
    try Fun(Dir ++ "/") after ok = file:del_dir_r(Dir) end.

write_read() ->
    in_folder(fun(D) ->
        {ok, F} = file:open(D ++ "a", [write, read]),
        W = [err(fun() -> file:write(F, X) end) || X <- ["abc", <<"def">>, [[$g], <<"h">>], foo, [300], [foo], <<1:3>>]],
        {W, file:position(F, 0), file:read(F, 4), file:read(F, 0), file:read(F, 100), file:read(F, 1), err(fun() -> file:read(F, -1) end), err(fun() -> file:read(F, foo) end), file:close(F)}
    end).

open_modes() ->
    in_folder(fun(D) ->
        P = D ++ "a",
        [begin
            ok = file:write_file(P, "0123456789"),
            case err(fun() -> file:open(P, M) end) of
                {value, {ok, F}} -> R = {file:read(F, 3), file:write(F, "xyz"), file:position(F, cur), file:close(F)}, {M, R, file:read_file(P)};
                E -> {M, E}
            end
        end || M <- [[read], [write], [append], [read, write], [read, append], [], [exclusive], [read, binary], [binary, append, raw], [read, raw], [raw, write, sync], read, [foo], [read, foo],
                     [read, {encoding, foo}], [read, {read_ahead, foo}], [write, {delayed_write, 1, foo}], [read, {read_ahead, 0}], foo, [{encoding, utf8}], [read, compressed_one]]]
    end).

open_errors() ->
    in_folder(fun(D) ->
        ok = file:write_file(D ++ "f", ""),
        [err(fun() -> file:open(N, M) end) || {N, M} <- [{D ++ "none", [read]}, {D, [read]}, {D, [write]}, {D ++ "f/x", [write]}, {D ++ "x/y", [write]}, {foo, [read]}, {17, [read]}, {"", [read]}, {"a\0b", [read]}, {[D, "f"], [read, raw, binary]}, {list_to_atom(D ++ "none"), [read]}]]
        =:= [] orelse [case err(fun() -> file:open(N, M) end) of {value, {ok, _}} -> ok; E -> E end || {N, M} <- [{D ++ "none", [read]}, {D, [read]}, {D, [write]}, {D ++ "f/x", [write]}, {D ++ "x/y", [write]}, {17, [read]}, {"", [read]}, {"a\0b", [read]}, {[D, "f"], [read]}, {[D, f], [read, raw]}, {list_to_atom(D ++ "none"), [read]}]]
    end).

binary_and_list() ->
    in_folder(fun(D) ->
        ok = file:write_file(D ++ "a", <<0, 200, 255, "abc\n">>),
        [begin {ok, F} = file:open(D ++ "a", [read | M]), R = {file:read(F, 3), file:read_line(F), file:read_line(F)}, file:close(F), R end || M <- [[], [binary], [raw], [raw, binary]]]
    end).

encodings() ->
    in_folder(fun(D) ->
        Text = [$a, 229, 8364, 128512, $\n, $z],
        [begin
            {ok, F} = file:open(D ++ "a", [write, {encoding, E}]),
            ok = io:put_chars(F, Text),
            ok = file:close(F),
            {ok, B} = file:read_file(D ++ "a"),
            {ok, G} = file:open(D ++ "a", [read, {encoding, E}]),
            R = {io:get_line(G, ""), io:get_chars(G, "", 5), io:get_line(G, "")},
            ok = file:close(G),
            {ok, H} = file:open(D ++ "a", [read, binary, {encoding, E}]),
            S = {io:get_chars(H, "", 3), file:read(H, 2)},
            ok = file:close(H),
            {E, B, R, S}
        end || E <- [utf8, unicode, utf16, {utf16, little}, utf32, {utf32, little}]]
    end).

encoding_errors() ->
    in_folder(fun(D) ->
        ok = file:write_file(D ++ "a", <<"abc", 255, "def\n">>),
        {ok, F} = file:open(D ++ "a", [read, {encoding, utf8}]),
        A = io:get_line(F, ""),
        file:close(F),
        {ok, G} = file:open(D ++ "b", [write, {encoding, latin1}]),
        B = [err(fun() -> io:put_chars(G, X) end) =:= ok orelse element(1, err(fun() -> io:put_chars(G, X) end)) || X <- [[8364]]],
        C = file:write(G, [8364]),
        file:close(G),
        {ok, H} = file:open(D ++ "c", [write, {encoding, utf8}]),
        E = [file:write(H, <<"bytes", 255>>), file:write(H, [8364])],
        file:close(H),
        {A, B, C, E, file:read_file(D ++ "c")}
    end).

io_functions() ->
    in_folder(fun(D) ->
        {ok, F} = file:open(D ++ "a", [write]),
        ok = io:format(F, "~p. ~s~n~w.~n", [{a, "b"}, "text", [1, 2]]),
        ok = io:nl(F), ok = io:write(F, {x, y}),
        ok = file:close(F),
        {ok, G} = file:open(D ++ "a", [read]),
        R = [io:read(G, ""), io:get_chars(G, "", 1), io:get_line(G, ""), io:read(G, ""), io:get_line(G, ""), io:fread(G, "", "~s"), io:fread(G, "", "~s"), io:get_line(G, "")],
        ok = file:close(G),
        {R, file:read_file(D ++ "a")}
    end).

lines() ->
    in_folder(fun(D) ->
        [begin
            ok = file:write_file(D ++ "a", T),
            {ok, F} = file:open(D ++ "a", [read | M]),
            R = all_lines(F), ok = file:close(F), R
        end || T <- ["", "one", "one\n", "one\ntwo\n\n", [lists:duplicate(1000, $x), "\nend"]], M <- [[], [binary], [raw], [raw, read_ahead], [read_ahead], [{read_ahead, 3}]]]
    end).

all_lines(F) ->
    case file:read_line(F) of
        {ok, L} -> [L | all_lines(F)];
        eof -> [];
        E -> E
    end.

crlf() ->
    in_folder(fun(D) ->
        ok = file:write_file(D ++ "a", "one\r\ntwo\rthree\n\r\nfour\r"),
        {ok, F} = file:open(D ++ "a", [read]), A = all_lines(F), file:close(F),
        {ok, G} = file:open(D ++ "a", [read]), B = io:get_line(G, ""), file:close(G),
        {A, B}
    end).

positions() ->
    in_folder(fun(D) ->
        ok = file:write_file(D ++ "a", "0123456789"),
        [begin
            {ok, F} = file:open(D ++ "a", [read, write | M]),
            R = [err(fun() -> {file:position(F, P), file:read(F, 1)} end) || P <- [3, cur, {cur, 2}, {eof, -2}, {bof, 1}, eof, bof, {cur, -100}, -1, foo, {foo, 1}, {bof, foo}]],
            ok = file:close(F), R
        end || M <- [[], [raw], [ram_less], [read_ahead], [raw, read_ahead], [{encoding, utf8}]], M =/= [ram_less]]
    end).

pread_pwrite() ->
    in_folder(fun(D) ->
        [begin
            {ok, F} = file:open(D ++ "a", [read, write | M]),
            R = [file:pwrite(F, 3, "def"), file:pwrite(F, [{0, "abc"}, {6, "ghi"}]), file:pread(F, 0, 9), file:pread(F, [{1, 2}, {100, 1}]), err(fun() -> file:pread(F, foo, 1) end), err(fun() -> file:pwrite(F, -1, "x") end),
                 err(fun() -> file:pread(F, 0, -1) end), err(fun() -> file:pread(F, [foo]) end), file:pread(F, []), file:pwrite(F, []), file:pread(F, bof, 2), file:pread(F, {bof, 2}, 2), file:pread(F, {cur, 0}, 1)],
            ok = file:close(F), R
        end || M <- [[], [binary], [raw], [raw, binary], [{encoding, utf8}]]]
    end).

truncating() ->
    in_folder(fun(D) ->
        ok = file:write_file(D ++ "a", "0123456789"),
        {ok, F} = file:open(D ++ "a", [read, write]),
        R = [file:position(F, 4), file:truncate(F), file:read_file(D ++ "a"), file:close(F)],
        {ok, G} = file:open(D ++ "a", [read]),
        {R, file:truncate(G), file:close(G)}
    end).

read_ahead() ->
    in_folder(fun(D) ->
        ok = file:write_file(D ++ "a", [integer_to_list(N rem 10) || N <- lists:seq(1, 1000)]),
        [begin
            {ok, F} = file:open(D ++ "a", [read, {read_ahead, 64} | M]),
            R = [file:read(F, 10), file:position(F, cur), file:read(F, 100), file:position(F, {cur, -5}), file:read(F, 5), file:pread(F, 0, 3), file:read(F, 1000), file:read(F, 1)],
            ok = file:close(F), [case X of {ok, L} when is_list(L), length(L) > 20 -> {ok, length(L), erlang:crc32(L)}; {ok, L} when is_binary(L), byte_size(L) > 20 -> {ok, byte_size(L), erlang:crc32(L)}; _ -> X end || X <- R]
        end || M <- [[], [raw], [raw, binary]]]
    end).

delayed_write() ->
    in_folder(fun(D) ->
        [begin
            {ok, F} = file:open(D ++ "a", [read, write, M | R]),
            W = [file:write(F, integer_to_list(N)) || N <- lists:seq(1, 100)],
            A = {lists:usort(W), file:position(F, 0), file:read(F, 12), file:position(F, {eof, -3}), file:write(F, "XYZ"), file:pread(F, 0, 3), file:datasync(F), file:close(F)},
            {ok, B} = file:read_file(D ++ "a"), ok = file:delete(D ++ "a"),
            {M, R, A, byte_size(B), erlang:crc32(B)}
        end || M <- [delayed_write, {delayed_write, 10, 10}, {delayed_write, 100000, 60000}], R <- [[], [raw], [raw, binary]]]
    end).

%% What could not be written is told by the next call.
delayed_errors() ->
    in_folder(fun(D) ->
        ok = file:write_file(D ++ "a", "abc"),
        {ok, F} = file:open(D ++ "a", [read, raw, {delayed_write, 1000, 60000}]),
        R = [file:write(F, "x"), file:close(F), file:close(F)],
        {R, file:read_file(D ++ "a")}
    end).

raw_and_cooked() ->
    in_folder(fun(D) ->
        {ok, F} = file:open(D ++ "a", [write]),
        {ok, G} = file:open(D ++ "a", [write, raw]),
        {is_pid(F), is_tuple(G), file:write(G, "raw"), file:close(F), file:close(G), err(fun() -> io:put_chars(G, "x") end)}
    end).

compressed() ->
    in_folder(fun(D) ->
        {ok, F} = file:open(D ++ "a", [write, compressed]),
        W = [file:write(F, "some text, "), file:write(F, "and more\n"), file:position(F, cur), file:close(F)],
        {ok, B} = file:read_file(D ++ "a"),
        {ok, G} = file:open(D ++ "a", [read, compressed]),
        R = [file:read(G, 4), file:read_line(G), file:read(G, 1), file:position(G, 5), file:read(G, 4), file:position(G, {cur, -2}), file:read(G, 2), file:close(G)],
        ok = file:write_file(D ++ "plain", "not packed"),
        {ok, H} = file:open(D ++ "plain", [read, compressed, raw]),
        S = [file:read(H, 100), file:close(H)],
        {ok, I} = file:open(D ++ "a", [read, compressed_one]) =:= x orelse {ok, none},
        {W, binary:part(B, 0, 2), zlib:gunzip(B), R, S, I}
    end).

copying() ->
    in_folder(fun(D) ->
        ok = file:write_file(D ++ "a", binary:copy(<<"0123456789">>, 20000)),
        R = [file:copy(D ++ "a", D ++ "b"), file:copy(D ++ "a", D ++ "c", 1234), file:copy(D ++ "none", D ++ "d"), file:copy(D ++ "a", D), err(fun() -> file:copy(D ++ "a", D ++ "e", foo) end), file:copy({D ++ "a", [read]}, {D ++ "b", [append]}, 10)],
        {ok, F} = file:open(D ++ "a", [read]), {ok, G} = file:open(D ++ "f", [write]),
        S = [file:copy(F, G, 5), file:copy(F, G), file:close(F), file:close(G)],
        {R, S, [filelib:file_size(D ++ N) || N <- ["a", "b", "c", "f"]]}
    end).

consulting() ->
    in_folder(fun(D) ->
        [begin ok = file:write_file(D ++ "t", T), case file:consult(D ++ "t") of {error, {L, M, _}} -> {error, L, M}; X -> X end end || T <- ["", "a.\n{b, \"c\"}.\n", "a", "a. b", "{a", "1 + 2.", "%% comment\n[x].", <<"%% coding: utf-8\n\"", 226, 130, 172, "\".">>, "fun() -> ok end.", "#{a => 1}. <<1,2>>. "]]
        ++ [file:consult(D ++ "none"), file:consult(D), err(fun() -> file:consult(foo) end)]
    end).

evaluating() ->
    in_folder(fun(D) ->
        [begin ok = file:write_file(D ++ "t", T), case file:eval(D ++ "t", [{'X', 5}]) of {error, {L, M, _}} -> {error, L, M}; R -> R end end || T <- ["1 + 1.\n", "X = 5.\n", "X = 6.\n", "erlang:error(foo).\n", "1 +"]]
        ++ [file:eval(D ++ "none")]
    end).

scripts() ->
    in_folder(fun(D) ->
        [begin ok = file:write_file(D ++ "t", T), case file:script(D ++ "t", [{'X', 5}]) of {error, {L, M, _}} -> {error, L, M}; R -> R end end || T <- ["1 + 1.\n", "Y = X * 2. {Y, X}.\n", "X", "erlang:error(foo).\n", "[\n"]]
        ++ [file:script(D ++ "none")]
    end).

path_functions() ->
    in_folder(fun(D) ->
        ok = file:make_dir(D ++ "one"), ok = file:make_dir(D ++ "two"),
        ok = file:write_file(D ++ "two/t", "found.\nX.\n"),
        Path = [D ++ "none", D ++ "one", D ++ "two"],
        Strip = fun(N) -> lists:nthtail(length(D), N) end,
        {ok, F, Full} = file:path_open(Path, "t", [read]),
        A = {file:read_line(F), Strip(Full), file:close(F)},
        B = case file:path_consult(Path, "t") of {error, {L, M, _}} -> {error, L, M}; {ok, T, N} -> {T, Strip(N)} end,
        ok = file:write_file(D ++ "one/u", "{a, b}.\n"),
        {ok, C, _} = file:path_consult(Path, "u"),
        {ok, S, _} = file:path_script(Path, "u"),
        {A, B, C, S, file:path_open(Path, "nothing", [read]), file:path_consult(Path, "nothing"), file:path_eval(Path, "nothing"), err(fun() -> file:path_open(Path, foo, [read]) end) =:= x}
    end).

folders() ->
    in_folder(fun(D) ->
        A = [file:make_dir(D ++ "d"), file:make_dir(D ++ "d"), file:make_dir(D ++ "x/y"), file:list_dir(D ++ "d"), file:list_dir(D ++ "none"), file:del_dir(D ++ "none"), file:write_file(D ++ "d/f", ""), file:del_dir(D ++ "d"), file:list_dir(D ++ "d/f"), file:delete(D ++ "d"), file:delete(D ++ "d/f"), file:delete(D ++ "d/f"), file:del_dir(D ++ "d")],
        {A, [err(fun() -> file:X(foo_bar) end) || X <- [make_dir, del_dir, list_dir, delete]] =:= x}
    end).

deleting_trees() ->
    in_folder(fun(D) ->
        ok = filelib:ensure_path(D ++ "t/a/b"), ok = file:write_file(D ++ "t/a/f", "x"), ok = file:make_symlink("..", D ++ "t/up"),
        [file:del_dir_r(D ++ "t"), file:del_dir_r(D ++ "t"), file:list_dir(D)]
    end).

links() ->
    in_folder(fun(D) ->
        ok = file:write_file(D ++ "f", "text"),
        [file:make_symlink("f", D ++ "s"), file:make_link(D ++ "f", D ++ "l"), file:read_link(D ++ "s"), file:read_link(D ++ "f"), file:read_link_all(D ++ "s"), file:make_symlink("x", D ++ "s"), file:make_link(D ++ "none", D ++ "m"), element(1, file:read_link_info(D ++ "s")), file:read_link_info(D ++ "none"), file:read_file(D ++ "l")]
    end).

renaming() ->
    in_folder(fun(D) ->
        ok = file:write_file(D ++ "a", "a"), ok = file:write_file(D ++ "b", "b"), ok = file:make_dir(D ++ "d"), ok = file:make_dir(D ++ "d/e"),
        [file:rename(D ++ "a", D ++ "b"), file:read_file(D ++ "b"), file:rename(D ++ "none", D ++ "x"), file:rename(D ++ "b", D ++ "d"), file:rename(D ++ "d", D ++ "b"), file:rename(D ++ "d", D ++ "d/e/f"), file:rename(D ++ "d", D ++ "g"), element(2, file:list_dir(D ++ "g"))]
    end).

info() ->
    in_folder(fun(D) ->
        ok = file:write_file(D ++ "f", "12345"),
        {ok, I} = file:read_file_info(D ++ "f"), {ok, J} = file:read_file_info(D ++ "f", [raw, {time, posix}]), {ok, K} = file:read_file_info(D, [{time, universal}]),
        {ok, F} = file:open(D ++ "f", [read]), {ok, G} = file:open(D ++ "f", [read, raw]),
        {ok, H} = file:read_file_info(F), {ok, L} = file:read_file_info(G),
        R = {[element(N, I) || N <- [1, 2, 3, 4]], is_integer(element(5, J)), element(3, K), element(12, I) =:= element(12, J), [{element(2, X), element(3, X)} || X <- [H, L]], file:read_file_info(D ++ "none"), err(fun() -> file:read_file_info(D ++ "f", [{time, foo}]) end), err(fun() -> file:read_file_info(17) end)},
        file:close(F), file:close(G), R
    end).

permissions() ->
    in_folder(fun(D) ->
        ok = file:write_file(D ++ "f", ""),
        Mode = fun() -> {ok, I} = file:read_file_info(D ++ "f"), element(8, I) band 8#7777 end,
        [{file:change_mode(D ++ "f", M), Mode()} || M <- [8#600, 8#755, 8#4711, 0]] ++ [file:change_mode(D ++ "none", 8#600), err(fun() -> file:change_mode(D ++ "f", foo) end), file:change_owner(D ++ "f", 0), file:change_group(D ++ "f", 0), file:change_owner(D ++ "f", 0, 0), err(fun() -> file:change_owner(D ++ "f", foo) end)]
    end).

change_times() ->
    in_folder(fun(D) ->
        ok = file:write_file(D ++ "f", ""),
        T = {{2011, 12, 13}, {14, 15, 16}}, U = {{1999, 1, 2}, {3, 4, 5}},
        A = [file:change_time(D ++ "f", T), file:change_time(D ++ "f", T, U), file:change_time(D ++ "none", T), err(fun() -> file:change_time(D ++ "f", foo) end), err(fun() -> file:change_time(D ++ "f", {{2011, 13, 1}, {0, 0, 0}}) end)],
        {ok, I} = file:read_file_info(D ++ "f"),
        {A, element(5, I), element(6, I)}
    end).

whole_files() ->
    in_folder(fun(D) ->
        [begin R = err(fun() -> file:write_file(D ++ "f", X) end), {R, case file:read_file(D ++ "f") of {ok, B} -> {byte_size(B), erlang:crc32(B)}; E -> E end} end || X <- ["", "abc", <<"x">>, [<<"a">>, "b"], binary:copy(<<"z">>, 200000), foo, [300], ["a" | <<"b">>]]]
        ++ [file:read_file(D ++ "none"), file:read_file(D), err(fun() -> file:read_file(foo_none) end), file:read_file(D ++ "f", [raw]), err(fun() -> file:read_file(D ++ "f", [foo]) end)]
    end).

write_file_modes() ->
    in_folder(fun(D) ->
        [file:write_file(D ++ "f", "one", [exclusive]), file:write_file(D ++ "f", "two", [exclusive]), file:write_file(D ++ "f", "two", [append]), file:write_file(D ++ "f", "three", [append, raw]), file:read_file(D ++ "f"), file:write_file(D ++ "g", [229, 8364], [{encoding, utf8}]), file:read_file(D ++ "g"),
         file:write_file(D ++ "h", "x", [delayed_write, sync]), file:write_file(D ++ "i", "packed", [compressed]), err(fun() -> file:write_file(D ++ "j", "x", [foo]) end)]
    end).

bad_names() ->
    in_folder(fun(_) ->
        [[err(fun() -> F(N) end) || F <- [fun file:read_file/1, fun file:delete/1, fun file:list_dir/1, fun file:read_link/1, fun(X) -> file:write_file(X, "") end, fun(X) -> file:rename(X, "b") end, fun(X) -> file:open(X, [read]) end, fun file:set_cwd/1]] || N <- [{}, 1.5, [$a, foo, {}], "a\0b", <<"a", 0, "b">>, [-1], [16#D800], <<1:3>>]]
    end).

list_dir_all() ->
    in_folder(fun(D) ->
        Raw = <<(list_to_binary(D))/binary, 255, "x">>,
        ok = file:write_file(Raw, "raw"), ok = file:write_file(D ++ [8364], "euro"),
        {ok, A} = file:list_dir_all(D),
        {lists:sort(A), file:read_file(Raw), file:read_file(D ++ [8364]), filelib:is_regular(Raw), file:rename(Raw, D ++ "ok"), file:native_name_encoding()}
    end).

format_errors() -> [lists:flatten(file:format_error(E)) || E <- [enoent, eacces, badarg, terminated, system_limit, {3, erl_parse, ["head ", "x"]}, foo, {3, file, undefined_script}, {4, file, {error, bad, []}}, enospc, einval, eexist, eisdir, no_translation]].

%% It closes with the process that opened it.
owner_of_cooked() ->
    in_folder(fun(D) ->
        Self = self(),
        {Pid, Ref} = spawn_monitor(fun() -> {ok, F} = file:open(D ++ "a", [write]), Self ! {file, F}, receive stop -> ok end end),
        F = receive {file, X} -> X end,
        A = file:write(F, "shared"),
        Mon = monitor(process, F),
        Pid ! stop,
        receive {'DOWN', Ref, process, Pid, _} -> ok end,
        B = receive {'DOWN', Mon, process, F, Why} -> Why end,
        {A, B, file:write(F, "x"), file:close(F), file:read_file(D ++ "a")}
    end).

server_dies() ->
    in_folder(fun(D) ->
        {ok, F} = file:open(D ++ "a", [write]),
        unlink(F), Ref = monitor(process, F), exit(F, kill),
        receive {'DOWN', Ref, process, F, Why} -> {Why, file:write(F, "x"), file:read(F, 1), file:close(F), err(fun() -> io:put_chars(F, "x") end) =/= ok} end
    end).

close_twice() ->
    in_folder(fun(D) ->
        [begin {ok, F} = file:open(D ++ "a", [write | M]), [file:close(F), file:close(F), file:write(F, "x"), file:position(F, 0)] end || M <- [[], [raw], [raw, delayed_write]]]
    end).

foreign_close() ->
    in_folder(fun(D) ->
        {ok, F} = file:open(D ++ "a", [write]),
        {ok, G} = file:open(D ++ "b", [write, raw]),
        R = conformance:in_process(fun() -> [err(fun() -> file:write(G, "x") end), err(fun() -> file:close(G) end), file:write(F, "other"), file:close(F)] end),
        {R, file:write(F, "x"), file:write(G, "mine"), file:close(G), file:read_file(D ++ "a")}
    end).

setopts() ->
    in_folder(fun(D) ->
        ok = file:write_file(D ++ "a", <<"a", 226, 130, 172>>),
        {ok, F} = file:open(D ++ "a", [read]),
        [io:getopts(F), io:setopts(F, [binary]), io:get_chars(F, "", 1), io:setopts(F, [list, {encoding, unicode}]), io:getopts(F), io:get_chars(F, "", 5), io:setopts(F, [foo]), io:setopts(F, [{encoding, foo}]), file:close(F)]
    end).

file_server_calls() ->
    in_folder(fun(_) -> [err(fun() -> gen_server:call(file_server_2, foo, 100) end) =/= x, is_pid(whereis(file_server_2))] end).

cwd() ->
    in_folder(fun(D) ->
        {ok, Old} = file:get_cwd(),
        try
            A = [file:set_cwd(D), element(2, file:get_cwd()) ++ "/" =:= D, file:write_file("f", "here"), file:read_file(D ++ "f"), filename:absname("f") =:= D ++ "f", file:set_cwd("none"), file:set_cwd("f"), err(fun() -> file:set_cwd(foo_x) end), filelib:wildcard("*"), file:get_cwd("/"), file:set_cwd(<<255>>)],
            A
        after file:set_cwd(Old) end
    end).

sendfile_less() -> [err(fun() -> file:sendfile("none", foo) end), err(fun() -> file:sendfile(foo, foo, 0, 0, []) end)].

advise_allocate() ->
    in_folder(fun(D) ->
        {ok, F} = file:open(D ++ "a", [write]),
        [file:advise(F, 0, 10, sequential), file:advise(F, 0, 10, foo), file:allocate(F, 0, 100), file:allocate(F, -1, 100), filelib:file_size(D ++ "a"), file:close(F)]
    end).

sync() ->
    in_folder(fun(D) -> [begin {ok, F} = file:open(D ++ "a", [write | M]), [file:write(F, "x"), file:sync(F), file:datasync(F), file:close(F)] end || M <- [[], [raw], [delayed_write], [raw, delayed_write]]] end).

posix_atoms() ->
    in_folder(fun(D) ->
        ok = file:make_symlink("l", D ++ "l"),
        [file:read_file(D ++ "l"), file:read_file(D ++ lists:duplicate(256, $x)), file:read_file(lists:duplicate(5000, $y)), file:make_dir("/"), file:del_dir("/"), file:rename("/", D ++ "r"), file:write_file(D, ""), file:delete("/")]
    end).

exclusive() ->
    in_folder(fun(D) ->
        {ok, F} = file:open(D ++ "a", [exclusive]),
        [file:open(D ++ "a", [exclusive]), file:open(D ++ "a", [exclusive, raw]), file:write(F, "x"), file:close(F)]
    end).

directory_mode() ->
    in_folder(fun(D) ->
        {ok, F} = file:open(D, [raw, read, directory]),
        [file:read(F, 1), file:close(F), file:open(D ++ "none", [raw, read, directory]), case file:open(D, [read, directory]) of {ok, G} -> {ok, file:close(G)}; E -> E end]
    end).

many_open() ->
    in_folder(fun(D) ->
        Fs = [begin {ok, F} = file:open(D ++ integer_to_list(N), [write | M]), F end || N <- lists:seq(1, 100), M <- [[]]] ++ [begin {ok, F} = file:open(D ++ "r" ++ integer_to_list(N), [write, raw]), F end || N <- lists:seq(1, 100)],
        W = [file:write(F, "x") || F <- Fs], C = [file:close(F) || F <- Fs],
        {lists:usort(W), lists:usort(C), length(element(2, file:list_dir(D)))}
    end).

large_cooked() ->
    in_folder(fun(D) ->
        B = binary:copy(<<"0123456789abcdef">>, 100000),
        {ok, F} = file:open(D ++ "a", [write, read, binary]),
        ok = file:write(F, B),
        {ok, _} = file:position(F, 0),
        {ok, C} = file:read(F, byte_size(B)),
        {ok, E} = file:pread(F, 1000000, 1000000),
        {C =:= B, byte_size(E), file:close(F)}
    end).

io_errors() ->
    in_folder(fun(D) ->
        ok = file:write_file(D ++ "a", "abc"),
        {ok, F} = file:open(D ++ "a", [read]),
        {ok, G} = file:open(D ++ "b", [write]),
        [file:write(F, "x"), err(fun() -> io:put_chars(F, "x") end) =/= ok, file:read(G, 1), io:get_line(G, ""), err(fun() -> io:format(G, "~q", []) end) =/= ok, file:close(F), file:close(G), io:get_line(F, ""), err(fun() -> file:read(foo, 1) end), err(fun() -> file:write(foo, "x") end), err(fun() -> file:close(foo) end)]
    end).

encoding_of() ->
    in_folder(fun(D) ->
        [begin ok = file:write_file(D ++ "a", T), R = epp:read_encoding(D ++ "a"), {ok, B} = file:read_file(D ++ "a"), {R, unicode:bom_to_encoding(B)} end || T <- ["%% coding: latin-1\n", "%% -*- coding: utf-8 -*-\n", "x", <<239, 187, 191, "x">>, <<254, 255, 0, 1>>, <<255, 254, 1, 0>>]]
    end).

terms_of_unicode() ->
    in_folder(fun(D) ->
        T = {[8364, 229], <<"bin">>, 'atöm', "plain", 1.5, #{k => v}},
        ok = file:write_file(D ++ "t", io_lib:format("%% coding: utf-8~n~tp.~n", [T]), [{encoding, utf8}]),
        file:consult(D ++ "t") =:= {ok, [T]}
    end).

%% Names may be deep, with atoms in them.
nested_names() ->
    in_folder(fun(D) ->
        [file:write_file([D, [["a"], b, $c]], "x"), file:read_file([D, abc]), file:list_dir([[D]]), file:delete([D | "abc"]), file:write_file(list_to_binary(D ++ "bin"), "y"), file:read_file(list_to_atom(D ++ "bin"))]
    end).
