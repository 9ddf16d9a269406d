%% SPDX-License-Identifier: Apache-2.0
%% Files as prim_file has them: opened raw, without any process of kernel; folders, links, times, what a file is.
-module(prim_file_cases).
-export([open_modes/0, open_errors/0, read_write/0, read_sizes/0, pread_pwrite/0, positions/0, truncating/0, appending/0,
         exclusive/0, closed_file/0, not_owner/0, advise_allocate/0, sync/0,
         whole_files/0, folders/0, folder_errors/0, links/0, renaming/0, deleting/0, file_info/0,
         file_info_types/0, handle_info/0, setting_info/0, times/0, working_folder/0, working_folder_gone/0, names/0,
         raw_names/0, name_errors/0, name_lengths/0, translatable/0, lines/0, lines_read_ahead/0, delayed_writes/0, big_offsets/0, sparse/0,
         devices/0, ipread/0, copying/0, many_parts/0,
         buffer/0, buffer_lock/0, altname/0, large_read_of_small/0, from_descriptor/0]).
-import(conformance, [id/1, err/1, died/1]).

%% A folder of its own for each case, gone afterwards.
in_folder(Fun) ->
    Dir = "/tmp/cases-" ++ os:getpid() ++ "-" ++ integer_to_list(erlang:unique_integer([positive])),
    ok = prim_file:make_dir(Dir),
    try Fun(Dir ++ "/") after remove(Dir) end.

remove(Path) ->
    case prim_file:read_link_info(Path) of
        {ok, Info} when element(3, Info) =:= directory ->
            _ = prim_file:write_file_info(Path, setelement(8, Info, 8#700)),
            {ok, Names} = prim_file:list_dir_all(Path),
            [remove(filename:join(Path, Name)) || Name <- Names],
            ok = prim_file:del_dir(Path);
        {ok, _} -> ok = prim_file:delete(Path);
        {error, enoent} -> ok
    end.

open(Path, Modes) -> prim_file:open(Path, [raw, binary | Modes]).

write_new(Path, Bytes) ->
    {ok, F} = open(Path, [write]),
    ok = prim_file:write(F, Bytes),
    ok = prim_file:close(F).

content(Path) -> prim_file:read_file(Path).

open_modes() ->
    in_folder(fun(D) ->
        P = D ++ "a",
        write_new(P, "0123456789"),
        Try = fun(Modes) ->
            ok = write_new(P, "0123456789"),
            case open(P, Modes) of
                {ok, F} ->
                    R = {prim_file:read(F, 3), prim_file:write(F, "xyz"), prim_file:position(F, cur)},
                    {R, prim_file:close(F), content(P)};
                E -> E
            end
        end,
        [{M, Try(M)} || M <- [[read], [write], [read, write], [append], [read, append], [], [exclusive], [read, exclusive],
                              [sync, write], [read, write, sync], [directory], [write, directory], [read, skip_type_check],
                              [unknown]]]
    end).

open_errors() ->
    in_folder(fun(D) ->
        write_new(D ++ "file", "x"),
        ok = prim_file:make_dir(D ++ "dir"),
        ok = prim_file:make_symlink("loop", D ++ "loop"),
        [element(2, open(D ++ N, M)) || {N, M} <- [{"none", [read]}, {"none/none", [write]}, {"file/x", [read]},
            {"dir", [read]}, {"dir", [write]}, {"file", [exclusive]}, {"loop", [read]}, {lists:duplicate(300, $n), [read]},
            {lists:duplicate(5000, $n), [write]}, {"file", [read, directory]}, {"", [read]}, {"dir/", [write]}]]
        ++ [err(fun() -> open(id(A), B) end) || {A, B} <- [{foo, [read]}, {17, [read]}, {"a", foo}, {"a", [read | x]}, {"a\0b", [read]},
            {["a" | b], [read]}, {<<"a", 0>>, [read]}, {<<"a", 0, "b">>, [read]}, {<<1:3>>, [read]}]]
    end).

read_write() ->
    in_folder(fun(D) ->
        {ok, F} = open(D ++ "a", [read, write]),
        R = [prim_file:write(F, Data) || Data <- ["abc", <<"def">>, ["g", [<<"h">>, $i | <<"j">>]], [], <<>>, [<<>>, [], ""]]],
        B = [err(fun() -> prim_file:write(F, Data) end) || Data <- [foo, [foo], [256], [-1], <<1:7>>, ["a" | "b"], 12]],
        W = {prim_file:position(F, bof), prim_file:read(F, 4), prim_file:read(F, 0), prim_file:read(F, 100), prim_file:read(F, 1), prim_file:read(F, 0)},
        {R, B, W, prim_file:close(F), content(D ++ "a")}
    end).

read_sizes() ->
    in_folder(fun(D) ->
        write_new(D ++ "a", binary:copy(<<"0123456789">>, 30000)),
        [begin
            {ok, F} = open(D ++ "a", [read]),
            R = case err(fun() -> prim_file:read(F, N) end) of
                {value, {ok, B}} -> {ok, byte_size(B), erlang:crc32(B)};
                Other -> Other
            end,
            prim_file:close(F),
            R
        end || N <- [1, 64, 65, 65535, 65536, 65537, 100000, 299999, 300000, 300001, 0, -1, 1 bsl 70, 1.5, foo]]
    end).

large_read_of_small() ->
    in_folder(fun(D) ->
        write_new(D ++ "a", "small"),
        {ok, F} = open(D ++ "a", [read]),
        R = prim_file:read(F, 1000000000),
        {R, prim_file:pread(F, 2, 1000000000), prim_file:close(F)}
    end).

pread_pwrite() ->
    in_folder(fun(D) ->
        {ok, F} = open(D ++ "a", [read, write]),
        W = [prim_file:pwrite(F, 3, "def"), prim_file:pwrite(F, [{0, "abc"}, {6, <<"ghi">>}, {20, ["x"]}]), prim_file:pwrite(F, []),
             err(fun() -> prim_file:pwrite(F, -1, "a") end), err(fun() -> prim_file:pwrite(F, foo, "a") end),
             err(fun() -> prim_file:pwrite(F, 0, foo) end), err(fun() -> prim_file:pwrite(F, [{0, "z"}, {-3, "a"}]) end),
             err(fun() -> prim_file:pwrite(F, [{0, "z"}, foo]) end), err(fun() -> prim_file:pwrite(F, 1 bsl 64, "a") end)],
        R = [prim_file:pread(F, 0, 9), prim_file:pread(F, 19, 100), prim_file:pread(F, 21, 1), prim_file:pread(F, 0, 0),
             prim_file:pread(F, [{0, 2}, {100, 5}, {4, 1}]), prim_file:pread(F, []), err(fun() -> prim_file:pread(F, -1, 2) end),
             err(fun() -> prim_file:pread(F, 0, -2) end), err(fun() -> prim_file:pread(F, foo, 2) end),
             err(fun() -> prim_file:pread(F, [{1, 2}, foo]) end), err(fun() -> prim_file:pread(F, 1 bsl 64, 2) end),
             err(fun() -> prim_file:pread(F, 0, 1 bsl 64) end)],
        {W, R, prim_file:position(F, cur), prim_file:close(F), content(D ++ "a")}
    end).

positions() ->
    in_folder(fun(D) ->
        write_new(D ++ "a", "0123456789"),
        {ok, F} = open(D ++ "a", [read]),
        R = [{P, err(fun() -> prim_file:position(F, P) end)} || P <- [0, 3, cur, {cur, 2}, {cur, -1}, eof, {eof, -2}, {eof, 5}, bof, {bof, 7},
             -1, {cur, -100}, {bof, -1}, {eof, -11}, foo, {foo, 1}, {cur, foo}, 1 bsl 62, 1 bsl 63, 1 bsl 64, {cur, 1 bsl 70}]],
        {R, prim_file:close(F)}
    end).

truncating() ->
    in_folder(fun(D) ->
        write_new(D ++ "a", "0123456789"),
        {ok, F} = open(D ++ "a", [read, write]),
        R = [prim_file:position(F, 4), prim_file:truncate(F), content(D ++ "a"), prim_file:position(F, 8), prim_file:truncate(F), content(D ++ "a")],
        ok = prim_file:close(F),
        {ok, G} = open(D ++ "a", [read]),
        {R, prim_file:truncate(G), prim_file:write(G, "x"), prim_file:close(G)}
    end).

appending() ->
    in_folder(fun(D) ->
        write_new(D ++ "a", "one"),
        {ok, F} = open(D ++ "a", [append]),
        {ok, G} = open(D ++ "a", [append]),
        ok = prim_file:write(F, " two"), ok = prim_file:write(G, " three"), {ok, 0} = prim_file:position(F, 0), ok = prim_file:write(F, " four"),
        {prim_file:read(F, 1), prim_file:close(F), prim_file:close(G), content(D ++ "a")}
    end).

exclusive() ->
    in_folder(fun(D) ->
        {ok, F} = open(D ++ "a", [write, exclusive]),
        {open(D ++ "a", [write, exclusive]), prim_file:write(F, "x"), prim_file:close(F)}
    end).

closed_file() ->
    in_folder(fun(D) ->
        {ok, F} = open(D ++ "a", [read, write]),
        ok = prim_file:close(F),
        [prim_file:close(F), prim_file:read(F, 1), prim_file:write(F, "x"), prim_file:pread(F, 0, 1), prim_file:pwrite(F, 0, "x"),
         prim_file:position(F, 0), prim_file:truncate(F), prim_file:sync(F), prim_file:datasync(F), prim_file:advise(F, 0, 0, normal),
         prim_file:allocate(F, 0, 1), prim_file:read_handle_info(F), prim_file:read_line(F)]
    end).

not_owner() ->
    in_folder(fun(D) ->
        {ok, F} = open(D ++ "a", [read, write]),
        R = conformance:in_process(fun() -> [err(fun() -> prim_file:write(F, "x") end), err(fun() -> prim_file:read(F, 1) end), err(fun() -> prim_file:close(F) end)] end),
        {R, prim_file:write(F, "y"), prim_file:close(F), content(D ++ "a")}
    end).

advise_allocate() ->
    in_folder(fun(D) ->
        {ok, F} = open(D ++ "a", [read, write]),
        A = [err(fun() -> prim_file:advise(F, O, L, Advice) end) || {O, L, Advice} <- [{0, 0, normal}, {0, 100, random}, {5, 5, sequential}, {0, 0, will_need},
             {0, 0, dont_need}, {0, 0, no_reuse}, {0, 0, foo}, {-1, 0, normal}, {0, -1, normal}, {foo, 0, normal}, {0, 0, "x"}]],
        B = [err(fun() -> prim_file:allocate(F, O, L) end) || {O, L} <- [{0, 100}, {50, 100}, {0, 0}, {-1, 5}, {5, -1}, {foo, 1}]],
        {ok, Info} = prim_file:read_handle_info(F),
        {A, B, element(2, Info), prim_file:close(F)}
    end).

sync() ->
    in_folder(fun(D) ->
        {ok, F} = open(D ++ "a", [write]),
        {prim_file:write(F, "x"), prim_file:sync(F), prim_file:datasync(F), prim_file:close(F)}
    end).

whole_files() ->
    in_folder(fun(D) ->
        [begin
            ok = prim_file:write_file(D ++ "a", Data),
            {ok, B} = content(D ++ "a"),
            {byte_size(B), B =:= iolist_to_binary(Data)}
        end || Data <- ["", "x", <<"abc">>, [<<"a">>, ["b"]], binary:copy(<<"y">>, 64), binary:copy(<<"z">>, 100000), lists:duplicate(3000, <<"part of it">>)]]
        ++ [content(D ++ "none"), content(D), err(fun() -> content(foo) end), prim_file:write_file(D, "x"), prim_file:write_file(D ++ "n/n", "x"),
            err(fun() -> prim_file:write_file(D ++ "b", foo) end)]
    end).

sorted({ok, L}) -> {ok, lists:sort(L)};
sorted(E) -> E.

folders() ->
    in_folder(fun(D) ->
        Empty = prim_file:list_dir(D),
        [ok = prim_file:make_dir(D ++ N) || N <- ["b", "a", "b/c", ".hidden"]],
        [write_new(D ++ "f" ++ integer_to_list(N), "") || N <- lists:seq(1, 300)],
        {Empty, sorted(prim_file:list_dir(D)), sorted(prim_file:list_dir_all(D ++ "b")), prim_file:list_dir(D ++ "b/c"),
         prim_file:del_dir(D ++ "b"), prim_file:del_dir(D ++ "b/c"), prim_file:del_dir(D ++ "b"), prim_file:list_dir(D ++ "b")}
    end).

folder_errors() ->
    in_folder(fun(D) ->
        write_new(D ++ "f", ""),
        ok = prim_file:make_dir(D ++ "d"),
        [prim_file:make_dir(D ++ "d"), prim_file:make_dir(D ++ "f"), prim_file:make_dir(D ++ "x/y"), prim_file:make_dir(D ++ "f/y"),
         prim_file:del_dir(D ++ "f"), prim_file:del_dir(D ++ "x"), prim_file:list_dir(D ++ "f"), prim_file:list_dir(D ++ "x"),
         prim_file:del_dir(D ++ "d/."), err(fun() -> prim_file:make_dir(foo) end), prim_file:make_dir(""), prim_file:del_dir("/")]
    end).

links() ->
    in_folder(fun(D) ->
        write_new(D ++ "f", "text"),
        A = [prim_file:make_symlink("f", D ++ "s"), prim_file:make_symlink("nowhere", D ++ "n"), prim_file:make_link(D ++ "f", D ++ "h"),
             prim_file:make_symlink("f", D ++ "s"), prim_file:make_link(D ++ "none", D ++ "x"), prim_file:make_link(D ++ "f", D ++ "h"), prim_file:make_link(D, D ++ "y")],
        B = [prim_file:read_link(D ++ N) || N <- ["s", "n", "f", "none"]],
        C = [content(D ++ N) || N <- ["s", "n", "h"]],
        {ok, I} = prim_file:read_file_info(D ++ "s"), {ok, L} = prim_file:read_link_info(D ++ "s"), {ok, H} = prim_file:read_file_info(D ++ "h"),
        {A, B, C, [element(3, X) || X <- [I, L, H]], [element(9, X) || X <- [I, L, H]], element(12, I) =:= element(12, H),
         prim_file:read_link_all(D ++ "s"), prim_file:read_file_info(D ++ "n"), prim_file:read_link_info(D ++ "none")}
    end).

renaming() ->
    in_folder(fun(D) ->
        write_new(D ++ "f", "f"), write_new(D ++ "g", "g"),
        [ok = prim_file:make_dir(D ++ N) || N <- ["d", "e", "e/x"]],
        A = [prim_file:rename(D ++ "f", D ++ "h"), prim_file:rename(D ++ "f", D ++ "i"), prim_file:rename(D ++ "h", D ++ "g"), content(D ++ "g"),
             prim_file:rename(D ++ "g", D ++ "d"), prim_file:rename(D ++ "d", D ++ "g"), prim_file:rename(D ++ "d", D ++ "e"),
             prim_file:rename(D ++ "e", D ++ "e/x/y"), prim_file:rename("/", D ++ "root"), prim_file:rename(D ++ "d", D ++ "k"), prim_file:rename(D ++ "g", D ++ "g")],
        {A, sorted(prim_file:list_dir(D)), err(fun() -> prim_file:rename(foo, D) end)}
    end).

deleting() ->
    in_folder(fun(D) ->
        write_new(D ++ "f", "f"),
        ok = prim_file:make_dir(D ++ "d"),
        ok = prim_file:make_symlink("d", D ++ "s"),
        [prim_file:delete(D ++ N) || N <- ["f", "f", "d", "s", "x/y", ""]] ++ [prim_file:list_dir(D)]
    end).

file_info() ->
    in_folder(fun(D) ->
        write_new(D ++ "f", "12345"),
        {ok, I} = prim_file:read_file_info(D ++ "f"),
        {ok, S} = prim_file:read_file_info(D ++ "f", [{time, posix}]),
        {ok, U} = prim_file:read_file_info(D ++ "f", [{time, universal}]),
        Kinds = fun(T) -> if is_integer(T) -> integer; tuple_size(T) =:= 2 -> date end end,
        {tuple_size(I), [element(N, I) || N <- [1, 2, 3, 4, 9]], element(8, I) band 8#170000, [Kinds(element(N, X)) || X <- [I, S, U], N <- [5, 6, 7]],
         [is_integer(element(N, I)) || N <- lists:seq(8, 14)], element(12, I) =:= element(12, S), prim_file:read_file_info(D ++ "none"),
         prim_file:read_file_info(D ++ "f/x"), err(fun() -> prim_file:read_file_info(foo) end), err(fun() -> prim_file:read_file_info(D ++ "f", [{time, foo}]) end)}
    end).

file_info_types() ->
    [begin {ok, I} = prim_file:read_link_info(P), {P, element(3, I), element(4, I)} end || P <- ["/", "/dev/null", "/tmp"]].

handle_info() ->
    in_folder(fun(D) ->
        {ok, F} = open(D ++ "f", [write]),
        ok = prim_file:write(F, "123"),
        {ok, I} = prim_file:read_handle_info(F),
        {ok, J} = prim_file:read_file_info(D ++ "f"),
        {[element(N, I) || N <- [1, 2, 3]], [N || N <- lists:seq(1, 14), element(N, I) =/= element(N, J), N =/= 4], prim_file:close(F)}
    end).

setting_info() ->
    in_folder(fun(D) ->
        write_new(D ++ "f", ""),
        {ok, I} = prim_file:read_file_info(D ++ "f"),
        Mode = fun() -> {ok, X} = prim_file:read_file_info(D ++ "f"), element(8, X) band 8#7777 end,
        [{prim_file:write_file_info(D ++ "f", setelement(8, I, M)), Mode()} || M <- [8#644, 8#400, 8#4755, 8#777, 0, 8#600]]
        ++ [prim_file:write_file_info(D ++ "none", I), err(fun() -> prim_file:write_file_info(D ++ "f", foo) end)]
    end).

times() ->
    in_folder(fun(D) ->
        write_new(D ++ "f", ""),
        Blank = list_to_tuple([file_info | lists:duplicate(13, undefined)]),
        [begin
            R = prim_file:write_file_info(D ++ "f", setelement(6, setelement(5, Blank, A), M), [{time, posix}]),
            {ok, I} = prim_file:read_file_info(D ++ "f", [{time, posix}]),
            {R, element(5, I), element(6, I)}
        end || {A, M} <- [{0, 0}, {1000000000, 1234567890}, {-1, -1000}, {1 bsl 31, (1 bsl 32) - 1}]]
        ++ [begin
            ok = prim_file:write_file_info(D ++ "f", setelement(5, setelement(6, Blank, {{2001, 2, 3}, {4, 5, 6}}), {{1999, 12, 31}, {23, 59, 59}}), [{time, universal}]),
            {ok, U} = prim_file:read_file_info(D ++ "f", [{time, universal}]),
            {element(5, U) > {{2020, 1, 1}, {0, 0, 0}}, element(6, U)} % a time not given is now
        end]
    end).

working_folder() ->
    in_folder(fun(D) ->
        {ok, Before} = prim_file:get_cwd(),
        try
            ok = prim_file:make_dir(D ++ "sub"),
            write_new(D ++ "f", "outer"),
            A = prim_file:set_cwd(D),
            {ok, Here} = prim_file:get_cwd(),
            B = {Here ++ "/" =:= D, content("f"), write_new("sub/g", "inner"), prim_file:set_cwd("sub"), content("g"), content("../f"), content("f")},
            C = [prim_file:set_cwd(X) || X <- ["none", "g", "", ".", ".."]],
            E = {sorted(prim_file:list_dir(".")), sorted(prim_file:list_dir("")), prim_file:rename("f", "h"), prim_file:make_symlink("h", "s"), content("s"), prim_file:read_link("s"),
                 prim_file:make_link("h", "sub/l"), prim_file:delete("h"), content(D ++ "sub/l"), prim_file:make_dir("n"), prim_file:del_dir("n"), element(1, prim_file:read_file_info("sub"))},
            {A, B, C, E, err(fun() -> prim_file:set_cwd(foo) end), prim_file:del_dir(".")}
        after
            ok = prim_file:set_cwd(Before)
        end
    end).

working_folder_gone() ->
    in_folder(fun(D) ->
        {ok, Before} = prim_file:get_cwd(),
        ok = prim_file:make_dir(D ++ "sub"),
        ok = prim_file:set_cwd(D ++ "sub"),
        try
            ok = prim_file:del_dir(D ++ "sub"),
            {prim_file:get_cwd(), open("x", [write]), prim_file:list_dir("."), prim_file:get_cwd(1)}
        after
            ok = prim_file:set_cwd(Before)
        end
    end).

names() ->
    in_folder(fun(D) ->
        Names = ["plain", "with space", [16#e5, 16#e4, 16#f6], [16#20ac, 16#1F600], "new\nline", "-dash", "*?["],
        [write_new(D ++ N, N2) || {N, N2} <- lists:zip(Names, [integer_to_list(length(N)) || N <- Names])],
        {sorted(prim_file:list_dir(D)), [content(D ++ N) || N <- Names], [content(unicode:characters_to_binary(D ++ N)) || N <- Names]}
    end).

%% Names that are no UTF-8 are binaries.
raw_names() ->
    in_folder(fun(D) ->
        Raw = <<(list_to_binary(D))/binary, 255, 254, "x">>,
        write_new(Raw, "raw"),
        {ok, All} = prim_file:list_dir_all(D),
        {prim_file:list_dir(D), All, content(Raw), prim_file:make_symlink(<<255, "y">>, D ++ "s"), prim_file:read_link(D ++ "s"), prim_file:read_link_all(D ++ "s"), prim_file:delete(Raw)}
    end).

name_errors() ->
    [err(fun() -> prim_file:internal_name2native(id(N)) end) || N <- ["a", "", <<"ab">>, <<>>, [$a, [$b, [$c]], $d], [[]], [[[]], "x"], [$a | $b], [$a, 0, $b], [-1], [16#D800], [16#110000],
        ["a", foo], ["a", <<"b">>], foo, 17, {a}, <<1:3>>, [16#10FFFF], [1.0]]]
    ++ [err(fun() -> prim_file:internal_native2name(id(N)) end) || N <- [<<"abc">>, <<>>, <<226, 130, 172>>, <<255>>, <<"a", 0>>, <<237, 160, 128>>, <<1:3>>, "abc", foo, <<"a", 204, 136>>]].

%% Of every kind of character at the end, and about the lengths that are powers of two.
name_lengths() ->
    [err(fun() -> prim_file:internal_name2native(lists:duplicate(N, $n) ++ Tail) end)
     || N <- [1, 62, 63, 64, 65, 66, 126, 127, 128, 129, 254, 255, 256, 257, 258, 511, 512, 513],
        Tail <- ["", "e", [127], [128], [16#E9], [16#10FFFF], [[$x], $y], [0], [foo], $z]].

translatable() ->
    [err(fun() -> prim_file:is_translatable(id(N)) end) || N <- [<<"abc">>, <<>>, <<255>>, <<226, 130, 172>>, "abc", foo, <<1:3>>]].

lines() ->
    in_folder(fun(D) ->
        [begin
            write_new(D ++ "a", Text),
            {ok, F} = open(D ++ "a", [read | Modes]),
            L = all_lines(F),
            ok = prim_file:close(F),
            L
        end || Text <- ["", "one", "one\n", "one\ntwo", "\n\n", "a\r\nb\r\n", "cr\ronly", lists:duplicate(200, $x) ++ "\n" ++ lists:duplicate(300, $y)], Modes <- [[], [read_ahead]]]
    end).

all_lines(F) ->
    case prim_file:read_line(F) of
        {ok, L} -> [L | all_lines(F)];
        eof -> []
    end.

lines_read_ahead() ->
    in_folder(fun(D) ->
        write_new(D ++ "a", [[integer_to_list(N), $\n] || N <- lists:seq(1, 20000)]),
        {ok, F} = prim_file:open(D ++ "a", [raw, read, {read_ahead, 100}]),
        L = all_lines(F),
        ok = prim_file:position(F, 0) =:= {ok, 0} andalso ok,
        {length(L), hd(L), lists:last(L), prim_file:read_line(F), prim_file:read(F, 5), prim_file:position(F, cur), prim_file:close(F)}
    end).

delayed_writes() ->
    in_folder(fun(D) ->
        {ok, F} = prim_file:open(D ++ "a", [raw, write]),
        [ok = prim_file:write(F, integer_to_list(N)) || N <- lists:seq(1, 500)],
        ok = prim_file:close(F),
        {ok, B} = content(D ++ "a"),
        {byte_size(B), erlang:crc32(B)}
    end).

big_offsets() ->
    in_folder(fun(D) ->
        {ok, F} = open(D ++ "a", [read, write]),
        Far = 1 bsl 33,
        {prim_file:pwrite(F, Far, "far"), prim_file:position(F, eof), prim_file:pread(F, Far, 10), prim_file:pread(F, Far - 2, 4), prim_file:position(F, {bof, Far + 1}), prim_file:read(F, 1),
         prim_file:position(F, 10), prim_file:truncate(F), prim_file:position(F, eof), prim_file:close(F)}
    end).

sparse() ->
    in_folder(fun(D) ->
        {ok, F} = open(D ++ "a", [read, write]),
        {ok, 1000000} = prim_file:position(F, 1000000),
        ok = prim_file:write(F, "end"),
        ok = prim_file:close(F),
        {ok, B} = content(D ++ "a"),
        {byte_size(B), binary:part(B, 999998, 5)}
    end).

devices() ->
    {ok, F} = open("/dev/null", [read, write]),
    {prim_file:read(F, 10), prim_file:pread(F, 100, 3), prim_file:write(F, "x"), prim_file:close(F), prim_file:read_file("/dev/null")}.

ipread() ->
    in_folder(fun(D) ->
        write_new(D ++ "a", <<5:32, 8:32, "hello world", 100:32, 25:32, "tail", 3:32, 1000:32>>),
        {ok, F} = open(D ++ "a", [read]),
        [err(fun() -> prim_file:ipread_s32bu_p32bu(F, O, M) end) || {O, M} <- [{0, 100}, {0, 5}, {0, 4}, {19, 1000}, {31, 10}, {35, 10}, {100, 10}, {-1, 10}, {0, infinity}, {foo, 1}, {0, 1 bsl 31}]]
    end).

copying() ->
    in_folder(fun(D) ->
        write_new(D ++ "a", binary:copy(<<"0123456789">>, 20000)),
        {ok, F} = open(D ++ "a", [read]),
        {ok, G} = open(D ++ "b", [write]),
        R = prim_file:copy(F, G, 123456),
        S = prim_file:copy(F, G, infinity),
        ok = prim_file:close(F), ok = prim_file:close(G),
        {R, S, content(D ++ "a") =:= content(D ++ "b")}
    end).

%% More parts than one system call takes, small and large, one of them not on a byte's edge.
many_parts() ->
    in_folder(fun(D) ->
        <<_:3, Odd:100/binary, _:5>> = id(binary:copy(<<"odd parts">>, 12)),
        Parts = [<<N:16>> || N <- lists:seq(1, 3000)] ++ [binary:copy(<<"large">>, 1000), <<>>, Odd],
        {ok, F} = open(D ++ "a", [write]),
        ok = prim_file:write(F, Parts),
        ok = prim_file:pwrite(F, 10, Odd),
        ok = prim_file:close(F),
        {ok, B} = content(D ++ "a"),
        {byte_size(B), erlang:crc32(B)}
    end).

buffer() ->
    B = prim_buffer:new(),
    Write = fun(L) -> prim_buffer:write(B, L) end,
    A = [prim_buffer:size(B), Write([<<"hello">>, <<" ">>, <<"world">>]), prim_buffer:size(B), prim_buffer:find_byte_index(B, $w), prim_buffer:find_byte_index(B, $z),
         prim_buffer:read(B, 3), prim_buffer:read_iovec(B, 2), prim_buffer:read(B, 0), prim_buffer:size(B), prim_buffer:read_iovec(B, 0), prim_buffer:is_empty(B), prim_buffer:wipe(B), prim_buffer:is_empty(B)],
    P = [begin
        [ok = Write([binary:copy(<<N>>, S)]) || {N, S} <- lists:zip(lists:seq(1, length(Sizes)), Sizes)],
        Pieces = prim_buffer:read_iovec(B, lists:sum(Sizes)),
        {Sizes, [{byte_size(X), erlang:crc32(X)} || X <- Pieces]}
    end || Sizes <- [[1, 2, 3], [2047], [2048], [1023, 1024, 1], [1024, 1024], [3000, 5, 5, 3000], [500, 500, 500, 500, 500], [2000, 1500, 10], [0, 0], [100, 10000, 0, 1]]],
    {A, P, [err(F) || F <- [fun() -> prim_buffer:read(B, 1) end, fun() -> prim_buffer:read_iovec(B, 1) end, fun() -> prim_buffer:read(B, -1) end,
        fun() -> Write(id(foo)) end, fun() -> Write([foo]) end, fun() -> Write([<<1:3>>]) end, fun() -> prim_buffer:find_byte_index(B, 256) end,
        fun() -> prim_buffer:find_byte_index(B, -1) end, fun() -> prim_buffer:size(make_ref()) end, fun() -> prim_buffer:size(id(foo)) end]]}.

buffer_lock() ->
    B = prim_buffer:new(),
    [err(fun() -> prim_buffer:unlock(B) end), prim_buffer:try_lock(B), prim_buffer:try_lock(B), prim_buffer:unlock(B), prim_buffer:try_lock(B)].

altname() -> {prim_file:altname("/tmp"), err(fun() -> prim_file:altname(foo) end)}.

from_descriptor() -> [err(fun() -> prim_file:file_desc_to_ref(id(N), [read]) end) || N <- [9999, -1, foo, 1.5]].

%% Reads of what the kernel has in memory, which need not wait: where they leave the file, at its end and beyond, and of what is no file with places.
reads_in_turn() ->
    in_folder(fun(D) ->
        P = D ++ "a",
        Bytes = binary:copy(<<"0123456789">>, 20000),
        write_new(P, Bytes),
        {ok, F} = open(P, [read, write]),
        Sizes = [1, 10, 64, 65, 100, 4096, 65535, 65536, 65537, 0, 70000, 5, 1],
        Parts = [{prim_file:position(F, cur), case prim_file:read(F, N) of {ok, B} -> {byte_size(B), erlang:crc32(B)}; Other -> Other end} || N <- Sizes],
        {ok, _} = prim_file:position(F, 199995),
        End = [prim_file:read(F, 10), prim_file:position(F, cur), prim_file:read(F, 10), prim_file:position(F, cur)],
        {ok, _} = prim_file:position(F, 300000),
        Beyond = [prim_file:read(F, 3), prim_file:position(F, cur), prim_file:write(F, "abc"), prim_file:position(F, {cur, -4}), prim_file:read(F, 9), prim_file:position(F, cur)],
        {ok, _} = prim_file:position(F, 7),
        Mixed = [prim_file:read(F, 2), prim_file:pread(F, 100, 3), prim_file:read(F, 2), prim_file:write(F, "W"), prim_file:read(F, 2), prim_file:pread(F, 10, 4)],
        Closed = [prim_file:close(F), prim_file:read(F, 1), prim_file:pread(F, 1, 1)],
        {Parts, End, Beyond, Mixed, Closed}
    end).

reads_of_places() ->
    in_folder(fun(D) ->
        P = D ++ "a",
        write_new(P, [<<5:32, 20:32>>, <<"abcdefghijkl">>, <<"PQRSTUVWXYZ">>, <<9:32, 25:32>>, <<0:32, 3:32>>, <<1000:32, 3:32>>]),
        {ok, F} = open(P, [read]),
        R = {[prim_file:pread(F, At, N) || {At, N} <- [{0, 8}, {8, 0}, {8, 5}, {20, 100}, {54, 1}, {55, 1}, {1000, 1}, {1 bsl 62, 1}, {1 bsl 70, 1}, {-1, 1}, {1, -1}]],
             [prim_file:ipread_s32bu_p32bu(F, At, Max) || {At, Max} <- [{0, 5}, {0, 4}, {0, 100}, {31, 100}, {39, 100}, {47, 999}, {47, 1000}, {50, 10}, {100, 10}, {-1, 10}]],
             prim_file:position(F, cur)},
        ok = prim_file:close(F),
        {ok, W} = open(P, [write]),
        {R, prim_file:read(W, 1), prim_file:pread(W, 0, 1), prim_file:close(W)}
    end).

reads_without_places() ->
    {ok, F} = open("/dev/null", [read, skip_type_check]),
    {ok, Z} = open("/dev/zero", [read, skip_type_check]),
    {prim_file:read(F, 5), prim_file:pread(F, 7, 5), prim_file:read(Z, 5), prim_file:pread(Z, 7, 5), prim_file:read(Z, 100) =:= {ok, <<0:800>>}, prim_file:close(F), prim_file:close(Z)}.
