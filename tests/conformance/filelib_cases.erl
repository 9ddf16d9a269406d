%% SPDX-License-Identifier: Apache-2.0
%% Modules filelib and filename.
-module(filelib_cases).
-export([questions/0, sizes/0, folding/0, wildcards/0, wildcard_errors/0, ensuring/0, safe_paths/0, finding/0, absolute/0, parts/0, joining/0, splitting/0, extensions/0, types/0, flattening/0, basedirs/0, find_src/0, links/0, last_modified/0, raw_names/0]).
-import(conformance, [id/1, err/1]).

in_folder(Fun) ->
    case whereis(file_server_2) of
        undefined -> {ok, _} = file_server:start();
        _ -> ok
    end,
    Dir = "/tmp/cases-" ++ os:getpid() ++ "-" ++ integer_to_list(erlang:unique_integer([positive])),
    ok = file:make_dir(Dir),
    try Fun(Dir ++ "/") after ok = file:del_dir_r(Dir) end.

tree(D) ->
    [ok = filelib:ensure_dir(D ++ F) || F <- ["a/b/x", "a/c/x", "e/x"]],
    [ok = file:write_file(D ++ F, F) || F <- ["one.erl", "two.erl", "three.hrl", "a/one.erl", "a/b/deep.erl", "a/c/other.txt", ".hidden", "e/[odd]"]].

questions() ->
    in_folder(fun(D) ->
        _ = tree(D),
        [{F(D ++ N), N} || F <- [fun filelib:is_file/1, fun filelib:is_regular/1, fun filelib:is_dir/1], N <- ["a", "one.erl", "none", "", "a/b", "one.erl/x"]] ++ [err(fun() -> filelib:is_file(X) end) || X <- [foo_none, {}, 17]]
    end).

sizes() -> in_folder(fun(D) -> ok = file:write_file(D ++ "f", "12345"), [filelib:file_size(D ++ "f"), filelib:file_size(D ++ "none"), filelib:file_size(list_to_binary(D ++ "f"))] end).

folding() ->
    in_folder(fun(D) ->
        _ = tree(D),
        Strip = fun(N) -> lists:nthtail(length(D), N) end,
        [lists:sort(filelib:fold_files(D, Re, R, fun(F, A) -> [Strip(F) | A] end, [])) || Re <- ["\\.erl$", ".*", "nothing"], R <- [true, false]] ++ [filelib:fold_files(D ++ "none", ".*", true, fun(_, A) -> A + 1 end, 0)]
    end).

wildcards() ->
    in_folder(fun(D) ->
        _ = tree(D),
        [{W, filelib:wildcard(W, D)} || W <- ["*", "*.erl", "*/*.erl", "**", "**/*.erl", "a/?", "{one,two}.erl", "[ot]*.erl", "[a-c]", "a/../one.erl", "none*", "one.erl", ".*", "e/\\[odd\\]", "*.{erl,hrl}", "a/**", "./one.erl", "", "a/*/", "[!o]*.erl", "{a,b}/{b,c}/*"]]
        ++ [length(filelib:wildcard(D ++ "*")), filelib:wildcard("*", D ++ "none")]
    end).

wildcard_errors() -> [err(fun() -> filelib:wildcard(W) end) || W <- ["{a", "a{b,c", foo, 17, "[a"]].

ensuring() ->
    in_folder(fun(D) ->
        ok = file:write_file(D ++ "f", ""),
        [filelib:ensure_dir(D ++ "x/y/z"), filelib:is_dir(D ++ "x/y"), filelib:is_dir(D ++ "x/y/z"), filelib:ensure_path(D ++ "p/q/r"), filelib:is_dir(D ++ "p/q/r"), filelib:ensure_path(D ++ "p/q/r"), filelib:ensure_dir(D ++ "f/x/y"), filelib:ensure_path(D ++ "f/x"), filelib:ensure_dir("/"), filelib:ensure_dir("")]
    end).

safe_paths() ->
    in_folder(fun(D) ->
        ok = file:make_symlink("/etc", D ++ "out"), ok = file:make_dir(D ++ "in"), ok = file:make_symlink("in", D ++ "near"), ok = file:make_symlink("loop", D ++ "loop"),
        [filelib:safe_relative_path(P, D) || P <- ["a", "a/b", "../x", "a/../b", "a/../../b", "/abs", "out/x", "near/x", "loop/x", "", ".", "..", "in/../in/y", <<"a/b">>]]
    end).

finding() ->
    in_folder(fun(D) ->
        _ = tree(D),
        Strip = fun({ok, N}) -> {ok, lists:nthtail(length(D), N)}; (E) -> E end,
        [Strip(filelib:find_file("one.erl", D ++ "a")), Strip(filelib:find_file("none", D)), Strip(filelib:find_file("one.erl", D ++ "a/b", [{"b", "."}])), Strip(filelib:find_source("one.beam", D))]
    end).

absolute() -> [err(fun() -> filename:absname(A, B) end) || {A, B} <- [{"x", "/y"}, {"/x", "/y"}, {"../x", "/y/z"}, {"", "/y"}, {<<"x">>, "/y"}, {"x", <<"/y">>}, {foo, "/y"}, {"./x/../z", "/y"}, {"~/x", "/y"}]] ++ [filename:absname_join("/a", "b"), filename:absname_join("/a/", "../b")].

parts() -> [{N, err(fun() -> filename:basename(N) end), err(fun() -> filename:dirname(N) end)} || N <- ["a/b/c", "/", "", "a", "a/", "/a", "//a//b//", "a/b.erl", <<"a/b">>, <<>>, foo, 'a/b', ["a", ["/", b]], "..", 17]] ++ [filename:basename(A, B) || {A, B} <- [{"a/b.erl", ".erl"}, {"b.erl", "erl"}, {"b", ".erl"}, {<<"a/b.erl">>, <<".erl">>}, {".erl", ".erl"}, {"b.erl", ".hrl"}]].

joining() -> [err(fun() -> filename:join(A) end) || A <- [["a", "b"], ["a", "/b"], ["/", "b"], ["a/", "b/"], ["", "a"], ["a", ""], [], ["a"], [<<"a">>, "b"], [a, b], ["a//b", "c"], ["a", 17]]] ++ [filename:join("a", "b"), filename:append("a", "b"), filename:append(<<"a">>, "b")].

splitting() -> [err(fun() -> filename:split(A) end) || A <- ["/a/b/c", "a/b", "/", "", "a//b/", <<"/a/b">>, foo, 'a/b']] ++ [err(fun() -> filename:nativename(A) end) || A <- ["/a//b/", <<"a">>, ""]].

extensions() -> [{N, filename:extension(N), filename:rootname(N)} || N <- ["a.erl", "a", ".erl", "a.b.c", "a.b/c", "a/.b", "", "a.", <<"a.erl">>, "a.erl/"]] ++ [filename:rootname("a.erl", ".erl"), filename:rootname("a.erl", ".hrl"), filename:rootname(<<"a.erl">>, <<".erl">>)].

types() -> [err(fun() -> filename:pathtype(N) end) || N <- ["/a", "a", "", <<"/a">>, "C:/a", foo, "./a"]].

flattening() -> [err(fun() -> filename:flatten(N) end) || N <- [["a", ["b"]], foo, [a, "b", [c]], <<"x">>, [[]], [1, [a]]]].

basedirs() -> [err(fun() -> filename:basedir(T, "app", O) end) || T <- [site_config, site_data], O <- [#{os => linux}, #{os => windows}, #{os => darwin, version => "1"}]] ++ [err(fun() -> filename:basedir(foo, "app") end)].

find_src() -> [err(fun() -> filename:validate(X) end) || X <- ["a", "a\0", <<"a">>, <<255>>, foo, {}]].

links() ->
    in_folder(fun(D) ->
        ok = file:make_symlink("none", D ++ "broken"), ok = file:write_file(D ++ "f", ""), ok = file:make_symlink("f", D ++ "l"), ok = file:make_symlink(".", D ++ "here"),
        [filelib:is_file(D ++ "broken"), filelib:is_file(D ++ "l"), filelib:is_dir(D ++ "here"), filelib:is_regular(D ++ "l"), filelib:wildcard("*", D), filelib:wildcard("here/*", D)]
    end).

last_modified() -> in_folder(fun(D) -> ok = file:write_file(D ++ "f", ""), ok = file:change_time(D ++ "f", {{2010, 1, 1}, {0, 0, 0}}), [filelib:last_modified(D ++ "f"), filelib:last_modified(D ++ "none")] end).

raw_names() ->
    in_folder(fun(D) ->
        ok = file:write_file(<<(list_to_binary(D))/binary, 255>>, ""), ok = file:write_file(D ++ [8364], ""),
        [filelib:wildcard("*", D), lists:sort(filelib:fold_files(D, ".*", false, fun(F, A) -> [is_binary(F) | A] end, []))]
    end).
