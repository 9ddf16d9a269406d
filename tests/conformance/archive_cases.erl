%% SPDX-License-Identifier: Apache-2.0
%% Modules zip and erl_tar.
-module(archive_cases).
-export([zips/0, zip_options/0, zip_handles/0, zip_errors/0, unzip_filters/0, zip_folds/0, zip_unsafe/0, zip_large/0, tars/0, tar_memory/0, tar_compressed/0, tar_tables/0, tar_errors/0, tar_unsafe/0, tar_long_names/0, tar_building/0, tar_links/0, tar_modes/0]).
-import(conformance, [id/1, err/1]).

in_folder(Fun) ->
    case whereis(file_server_2) of
        undefined -> {ok, _} = file_server:start();
        _ -> ok
    end,
    Dir = "/tmp/cases-" ++ os:getpid() ++ "-" ++ integer_to_list(erlang:unique_integer([positive])),
    ok = file:make_dir(Dir),
    try Fun(Dir ++ "/") after ok = file:del_dir_r(Dir) end.

files() -> [{"a", <<"text of a">>}, {"d/b", binary:copy(<<"much ">>, 10000)}, {"d/e/c", <<>>}].

tree(D) -> [begin ok = filelib:ensure_dir(D ++ N), ok = file:write_file(D ++ N, B) end || {N, B} <- files()].

content(D) -> [{N, erlang:crc32(element(2, file:read_file(D ++ N)))} || N <- filelib:wildcard("**", D), filelib:is_regular(D ++ N)].

zips() ->
    in_folder(fun(D) ->
        {ok, {"m.zip", Z}} = zip:create("m.zip", files(), [memory]),
        {ok, Back} = zip:extract(Z, [memory]),
        _ = tree(D ++ "in/"),
        {ok, _} = zip:zip(D ++ "f.zip", ["a", "d"], [{cwd, D ++ "in"}]),
        {ok, Names} = zip:unzip(D ++ "f.zip", [{cwd, D ++ "out"}]),
        {lists:sort(Back) =:= lists:sort(files()), length(Names), content(D ++ "out/"), [element(1, X) || {ok, L} <- [zip:table(Z)], X <- L], zip:foldl(fun(N, _, Get, A) -> [{N, byte_size(Get())} | A] end, [], D ++ "f.zip")}
    end).

zip_options() ->
    in_folder(fun(D) ->
        [begin R = err(fun() -> zip:create(D ++ "x.zip", files(), O) end), {element(1, R), case R of {value, {ok, _}} -> element(2, zip:extract(D ++ "x.zip", [memory, {file_list, ["a"]}])); {_, E} -> E end} end || O <- [[], [{compress, []}], [{uncompress, [".txt"]}], [{comment, "a comment"}], [{extra, []}], [cooked], [foo]]]
    end).

zip_handles() ->
    in_folder(fun(D) ->
        {ok, _} = zip:create(D ++ "x.zip", files()),
        {ok, H} = zip:zip_open(D ++ "x.zip", [memory]),
        {ok, L} = zip:zip_list_dir(H),
        R = {length(L), zip:zip_get("a", H), zip:zip_get("none", H), case zip:zip_get(H) of {ok, A} -> length(A) end, zip:zip_get_crc32("a", H), zip:zip_close(H)},
        {R, zip:zip_open(D ++ "none.zip")}
    end).

zip_errors() ->
    in_folder(fun(D) ->
        ok = file:write_file(D ++ "bad.zip", "no archive at all"),
        {ok, {_, Z}} = zip:create("m", files(), [memory]),
        Cut = binary:part(Z, 0, byte_size(Z) - 30),
        Kind = fun(F) -> case err(F) of {value, {error, _}} -> refused; {value, _} -> taken; {Class, _} -> Class end end,
        [Kind(fun() -> zip:extract(X, [memory]) end) || X <- [D ++ "bad.zip", D ++ "none", <<>>, Cut, <<"PK">>, foo]] ++ [Kind(fun() -> zip:create(D ++ "y.zip", [D ++ "none"]) end), Kind(fun() -> zip:table(D ++ "bad.zip") end), Kind(fun() -> zip:create(D, files()) end)]
    end).

unzip_filters() ->
    in_folder(fun(D) ->
        {ok, _} = zip:create(D ++ "x.zip", files()),
        [element(2, zip:extract(D ++ "x.zip", O)) || O <- [[memory, {file_filter, fun(F) -> element(2, F) =:= "a" end}], [memory, {file_list, ["d/e/c"]}]]] ++ [case zip:extract(D ++ "x.zip", [{cwd, D ++ "o"}, keep_old_files]) of {ok, L} -> length(L); E -> E end || _ <- [1, 2]]
    end).

zip_folds() ->
    in_folder(fun(D) -> {ok, _} = zip:create(D ++ "x.zip", files()), [err(fun() -> zip:foldl(fun(N, I, _, A) -> [{N, element(1, I())} | A] end, [], D ++ "x.zip") end), err(fun() -> zip:foldl(foo, [], D ++ "x.zip") end), err(fun() -> zip:foldl(fun(_, _, _, A) -> A end, [], D ++ "n") end)] end).

zip_unsafe() ->
    in_folder(fun(D) ->
        {ok, {_, Z}} = zip:create("m", [{"../out", <<"x">>}, {"/abs", <<"y">>}, {"in", <<"z">>}], [memory]),
        R = zip:extract(Z, [{cwd, D ++ "o"}, skip_directories]),
        {element(1, R), content(D), filelib:is_file("/abs")}
    end).

zip_large() ->
    B = binary:copy(<<"0123456789">>, 300000),
    {ok, {_, Z}} = zip:create("m", [{integer_to_list(N), B} || N <- lists:seq(1, 5)], [memory]),
    {ok, L} = zip:extract(Z, [memory]),
    {byte_size(Z) < 100000, [C =:= B || {_, C} <- L]}.

tars() ->
    in_folder(fun(D) ->
        _ = tree(D ++ "in/"),
        {ok, Old} = file:get_cwd(),
        ok = file:set_cwd(D ++ "in"),
        A = try [erl_tar:create(D ++ "x.tar", ["a", "d"]), erl_tar:create(D ++ "y.tar", ["none"])] after file:set_cwd(Old) end,
        B = erl_tar:extract(D ++ "x.tar", [{cwd, D ++ "out"}]),
        {A, B, content(D ++ "out/"), erl_tar:table(D ++ "x.tar"), filelib:file_size(D ++ "x.tar") rem 512}
    end).

tar_memory() ->
    in_folder(fun(D) ->
        ok = erl_tar:create(D ++ "x.tar", files()),
        {ok, L} = erl_tar:extract(D ++ "x.tar", [memory]),
        {ok, B} = file:read_file(D ++ "x.tar"),
        {L =:= files(), byte_size(B) rem 512, erl_tar:extract(D ++ "x.tar", [memory, {files, ["a"]}])}
    end).

tar_compressed() ->
    in_folder(fun(D) ->
        ok = erl_tar:create(D ++ "x.tgz", files(), [compressed]),
        {ok, B} = file:read_file(D ++ "x.tgz"),
        [element(2, erl_tar:extract(D ++ "x.tgz", [memory, compressed])) =:= files(), element(1, err(fun() -> erl_tar:extract(D ++ "x.tgz", [memory]) end)), binary:part(B, 0, 2)]
    end).

tar_tables() ->
    in_folder(fun(D) -> ok = erl_tar:create(D ++ "x.tar", files()), {ok, V} = erl_tar:table(D ++ "x.tar", [verbose]), {[{element(1, X), element(2, X), element(3, X)} || X <- V], element(1, erl_tar:table(D ++ "none"))} end).

tar_errors() ->
    in_folder(fun(D) ->
        ok = file:write_file(D ++ "bad", binary:copy(<<"x">>, 2000)), ok = file:write_file(D ++ "short", "x"), ok = file:write_file(D ++ "empty", ""),
        [err(fun() -> erl_tar:extract(D ++ N, [memory]) end) || N <- ["bad", "short", "empty"]] ++ [element(1, erl_tar:extract(D ++ "none", [memory])), lists:flatten(erl_tar:format_error(bad_header)), lists:flatten(erl_tar:format_error({"f", enoent})), element(1, erl_tar:create(D ++ "no/x.tar", files()))]
    end).

tar_unsafe() ->
    in_folder(fun(D) ->
        [begin ok = erl_tar:create(D ++ "x.tar", [{N, <<"x">>}]), R = erl_tar:extract(D ++ "x.tar", [{cwd, D ++ "o"}]), {N, R} end || N <- ["../out", "a/../../out", "/tmp/abs-of-case", "fine/../too"]] ++ [filelib:is_file(D ++ "out")]
    end).

tar_long_names() ->
    in_folder(fun(D) ->
        Names = [lists:duplicate(90, $n), lists:duplicate(150, $m), string:join([lists:duplicate(50, $p) || _ <- lists:seq(1, 5)], "/"), [8364, $x]],
        ok = erl_tar:create(D ++ "x.tar", [{N, <<"x">>} || N <- Names]),
        {ok, L} = erl_tar:extract(D ++ "x.tar", [memory]),
        [N || {N, _} <- L] =:= Names
    end).

tar_building() ->
    in_folder(fun(D) ->
        ok = file:write_file(D ++ "f", "of a file"),
        {ok, T} = erl_tar:open(D ++ "x.tar", [write]),
        A = [erl_tar:add(T, D ++ "f", "g", []), erl_tar:add(T, <<"bytes">>, "h", []), erl_tar:add(T, D ++ "f", "i", [{chunks, 512}]), element(1, erl_tar:add(T, D ++ "none", "j", [])), erl_tar:close(T)],
        {A, erl_tar:extract(D ++ "x.tar", [memory]), element(1, erl_tar:open(D ++ "no/x", [write]))}
    end).

tar_links() ->
    in_folder(fun(D) ->
        ok = file:make_dir(D ++ "in"), ok = file:write_file(D ++ "in/f", "f"), ok = file:make_symlink("f", D ++ "in/l"), ok = file:make_symlink("/etc/passwd", D ++ "in/m"),
        ok = erl_tar:create(D ++ "x.tar", [{"f", D ++ "in/f"}, {"l", D ++ "in/l"}]),
        ok = erl_tar:create(D ++ "y.tar", [{"f", D ++ "in/f"}, {"l", D ++ "in/l"}], [dereference]),
        ok = erl_tar:create(D ++ "z.tar", [{"m", D ++ "in/m"}]),
        [erl_tar:extract(D ++ "x.tar", [{cwd, D ++ "o"}]), file:read_link(D ++ "o/l"), file:read_file(D ++ "o/l"), erl_tar:extract(D ++ "y.tar", [{cwd, D ++ "p"}]), file:read_link(D ++ "p/l"), erl_tar:extract(D ++ "z.tar", [{cwd, D ++ "q"}])]
    end).

tar_modes() ->
    in_folder(fun(D) ->
        ok = file:write_file(D ++ "f", "f"), ok = file:change_mode(D ++ "f", 8#751),
        ok = erl_tar:create(D ++ "x.tar", [{"f", D ++ "f"}]),
        ok = erl_tar:extract(D ++ "x.tar", [{cwd, D ++ "o"}]),
        {ok, I} = file:read_file_info(D ++ "o/f"),
        {element(8, I) band 8#777, erl_tar:extract(D ++ "x.tar", [{cwd, D ++ "o"}, keep_old_files]), erl_tar:extract(D ++ "x.tar", [memory, foo_option])}
    end).
