%% SPDX-License-Identifier: Apache-2.0
%% What prim_file says of a name that was asked for before, when what it leads to has changed meanwhile: whole files and what files are.
-module(file_again_cases).
-export([contents/0, absence/0, kinds/0, links/0, rights/0, relative/0, modules/0, odd_names/0, sizes/0]).
-import(conformance, [err/1]).

in_folder(Fun) ->
    Dir = "/tmp/again-" ++ os:getpid() ++ "-" ++ integer_to_list(erlang:unique_integer([positive])),
    ok = prim_file:make_dir(Dir),
    try Fun(Dir ++ "/") after del(Dir) end.

del(Path) ->
    case prim_file:read_link_info(Path) of
        {ok, I} when element(3, I) =:= directory ->
            {ok, L} = prim_file:list_dir(Path),
            lists:foreach(fun(N) -> del(filename:join(Path, N)) end, L),
            prim_file:del_dir(Path);
        _ -> prim_file:delete(Path)
    end.

%% Three times, since what is known the second time may be told in another way.
thrice(Fun) ->
    [A, A, A] = [Fun() || _ <- [1, 2, 3]],
    A.

read(P) -> thrice(fun() -> case prim_file:read_file(P) of {ok, B} when byte_size(B) > 200 -> {ok, byte_size(B), erlang:crc32(B)}; R -> R end end).
info(P) -> what(thrice(fun() -> what(prim_file:read_file_info(P)) end)).
link_info(P) -> thrice(fun() -> what(prim_file:read_link_info(P)) end).
what({ok, I}) when is_tuple(I) -> {element(2, I), element(3, I), element(4, I), element(8, I), element(9, I)};
what(R) -> R.

bytes(N, C) -> binary:copy(<<C>>, N).

contents() ->
    in_folder(fun(D) ->
        P = D ++ "a",
        [begin ok = prim_file:write_file(P, B), {read(P), info(P)} end
         || B <- [bytes(1000, $a), bytes(1000, $b), bytes(999, $c), <<>>, <<"x">>, bytes(64, $d), bytes(65, $e), bytes(300000, $f), bytes(1000, $g)]]
    end).

absence() ->
    in_folder(fun(D) ->
        P = D ++ "a",
        One = {read(P), info(P), link_info(P)},
        ok = prim_file:write_file(P, bytes(500, $a)),
        Two = {read(P), info(P)},
        ok = prim_file:rename(P, D ++ "b"),
        Three = {read(P), info(P), read(D ++ "b")},
        ok = prim_file:delete(D ++ "b"),
        {One, Two, Three, read(D ++ "b"), info(D ++ "b"), read(D ++ "no/a"), info(D ++ "no/a")}
    end).

kinds() ->
    in_folder(fun(D) ->
        P = D ++ "a",
        ok = prim_file:write_file(P, bytes(500, $a)),
        One = {read(P), info(P), read(P ++ "/b"), info(P ++ "/b"), info(P ++ "/")},
        ok = prim_file:delete(P),
        ok = prim_file:make_dir(P),
        {ok, I} = prim_file:read_file_info(P),
        {One, read(P), {element(3, I), element(4, I)}, read(P ++ "/b"), read("/dev/null"), element(2, info("/dev/null"))}
    end).

links() ->
    in_folder(fun(D) ->
        {A, B, L} = {D ++ "a", D ++ "b", D ++ "l"},
        ok = prim_file:write_file(A, bytes(500, $a)),
        ok = prim_file:write_file(B, bytes(600, $b)),
        ok = prim_file:make_symlink("a", L),
        One = {read(L), info(L), link_info(L)},
        ok = prim_file:delete(L),
        ok = prim_file:make_symlink("b", L),
        Two = {read(L), info(L)},
        ok = prim_file:delete(B),
        Three = {read(L), info(L), link_info(L)},
        ok = prim_file:make_symlink("loop", D ++ "loop"),
        {One, Two, Three, read(D ++ "loop"), info(D ++ "loop"), link_info(D ++ "loop")}
    end).

rights() ->
    in_folder(fun(D) ->
        P = D ++ "a",
        ok = prim_file:write_file(P, bytes(500, $a)),
        [begin {ok, I} = prim_file:read_file_info(P), ok = prim_file:write_file_info(P, setelement(8, I, M)), {info(P), read(P)} end || M <- [8#600, 8#444, 8#200, 8#000, 8#755]]
    end).

relative() ->
    in_folder(fun(D) ->
        {ok, Old} = prim_file:get_cwd(),
        ok = prim_file:make_dir(D ++ "one"),
        ok = prim_file:make_dir(D ++ "two"),
        ok = prim_file:write_file(D ++ "one/a", bytes(500, $a)),
        ok = prim_file:write_file(D ++ "two/a", bytes(600, $b)),
        R = [begin ok = prim_file:set_cwd(D ++ F), {read("a"), info("a"), read("../one/a"), info("b")} end || F <- ["one", "two", "one"]],
        ok = prim_file:set_cwd(Old),
        R
    end).

%% Files with the name of a module are kept in mind by what they are.
modules() ->
    in_folder(fun(D) ->
        P = D ++ "m.beam",
        One = [begin ok = prim_file:write_file(P, B), read(P) end || B <- [bytes(1000, $a), bytes(1000, $b), bytes(10, $c)]],
        One
    end).

odd_names() ->
    [{err(fun() -> prim_file:read_file(N) end), err(fun() -> prim_file:read_file_info(N) end)}
     || N <- ["", <<>>, "\0", "a\0b", foo, 17, ["/", "no-such", $x], lists:duplicate(5000, $a), "/" ++ lists:duplicate(300, $a), <<"/no/", 255>>]].

sizes() ->
    in_folder(fun(D) ->
        P = D ++ "a",
        [begin ok = prim_file:write_file(P, crypto_like(N)), read(P) end || N <- [262143, 262144, 262145, 4096, 4095, 1, 0]]
    end).

crypto_like(N) -> << <<((I * 7 + I bsr 8) band 255)>> || I <- lists:seq(1, N) >>.
