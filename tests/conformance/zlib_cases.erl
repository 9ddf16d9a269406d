%% SPDX-License-Identifier: Apache-2.0
%% Module zlib: streams with all their options, dictionaries, pieces, errors. What is packed may differ between versions of the library.
-module(zlib_cases).
-export([round_trips/0, init_options/0, bad_options/0, streams/0, flushes/0, dictionaries/0, dictionary_errors/0, inflating_by_piece/0, inflating_safely/0,
         reset_and_end/0, concatenated/0, corrupt/0, params/0, sums/0, closed/0, not_owner/0, new_owner/0, set_twice/0, bad_input/0, chunk_sizes/0, gzip_heads/0,
         deflate_state/0, raw_streams/0, owner_gone/0]).
-import(conformance, [id/1, err/1]).

data(N) -> iolist_to_binary([[integer_to_list(I * I rem 977), $,] || I <- lists:seq(1, N)]).

round_trips() ->
    [{byte_size(iolist_to_binary(D)), zlib:uncompress(zlib:compress(D)) =:= iolist_to_binary(D), zlib:unzip(zlib:zip(D)) =:= iolist_to_binary(D), zlib:gunzip(zlib:gzip(D)) =:= iolist_to_binary(D)}
     || D <- [<<>>, "", "a", <<"abc">>, ["x", [<<"y">>], $z], data(1000), data(100000), binary:copy(<<0>>, 1000000)]].

init_options() ->
    D = data(3000),
    [begin
        Z = zlib:open(), ok = zlib:deflateInit(Z, Level, deflated, Bits, Mem, Strategy),
        P = iolist_to_binary(zlib:deflate(Z, D, finish)), ok = zlib:deflateEnd(Z), ok = zlib:close(Z),
        I = zlib:open(), ok = zlib:inflateInit(I, Bits), R = iolist_to_binary(zlib:inflate(I, P)), ok = zlib:inflateEnd(I), zlib:close(I),
        {Level, Bits, Mem, Strategy, R =:= D}
    end || {Level, Bits, Mem, Strategy} <- [{none, 15, 8, default}, {best_speed, 9, 1, default}, {best_compression, -15, 9, filtered}, {default, 31, 8, huffman_only}, {0, 15, 8, rle}, {9, -9, 4, default}, {5, 25, 2, default}]].

bad_options() ->
    [begin Z = zlib:open(), R = err(fun() -> apply(zlib, deflateInit, [Z | A]) end), zlib:close(Z), R end || A <- [[10], [-2], [foo], [5, foo, 15, 8, default], [5, deflated, 16, 8, default], [5, deflated, 8, 8, default],
        [5, deflated, 15, 10, default], [5, deflated, 15, 0, default], [5, deflated, 15, 8, foo], [5, deflated, -16, 8, default]]]
    ++ [begin Z = zlib:open(), R = err(fun() -> apply(zlib, inflateInit, [Z | A]) end), zlib:close(Z), R end || A <- [[foo], [100], [-20], [15, foo], [15, cut], [15, reset], [15, error]]].

streams() ->
    Z = zlib:open(),
    ok = zlib:deflateInit(Z),
    P = [zlib:deflate(Z, data(N)) || N <- [1, 10, 100, 5000]] ++ zlib:deflate(Z, "end", finish),
    ok = zlib:deflateEnd(Z),
    I = zlib:open(),
    ok = zlib:inflateInit(I),
    R = [zlib:inflate(I, [B]) || <<B:7/binary>> <= iolist_to_binary([P, binary:copy(<<0>>, 6)])],
    {iolist_to_binary(R) =:= iolist_to_binary([data(1), data(10), data(100), data(5000), "end"]), err(fun() -> zlib:inflateEnd(I) end), zlib:close(I), zlib:close(Z)}.

flushes() ->
    [begin
        Z = zlib:open(), ok = zlib:deflateInit(Z),
        I = zlib:open(), ok = zlib:inflateInit(I),
        R = [iolist_to_binary(zlib:inflate(I, zlib:deflate(Z, T, Flush))) || T <- ["one", "two", "three"]],
        F = iolist_to_binary(zlib:inflate(I, zlib:deflate(Z, [], finish))),
        {Flush, R, F, zlib:deflateEnd(Z), zlib:inflateEnd(I), zlib:close(I)}
    end || Flush <- [sync, full]] ++ [begin Y = zlib:open(), ok = zlib:deflateInit(Y), X = err(fun() -> zlib:deflate(Y, "x", foo) end), zlib:close(Y), X end].

dictionaries() ->
    Dict = <<"a phrase that comes again and again">>,
    Z = zlib:open(), ok = zlib:deflateInit(Z),
    Sum = zlib:deflateSetDictionary(Z, Dict),
    P = iolist_to_binary(zlib:deflate(Z, ["so a phrase that comes again and again it is"], finish)),
    I = zlib:open(), ok = zlib:inflateInit(I),
    A = err(fun() -> zlib:inflate(I, P) end),
    B = zlib:inflateSetDictionary(I, Dict),
    C = iolist_to_binary(zlib:inflate(I, [])),
    D = zlib:inflateGetDictionary(I),
    {Sum, A, B, C, D, zlib:inflateEnd(I), zlib:close(I), zlib:close(Z)}.

dictionary_errors() ->
    Z = zlib:open(), ok = zlib:deflateInit(Z),
    I = zlib:open(), ok = zlib:inflateInit(I),
    _ = zlib:deflate(Z, "started", sync),
    [err(F) || F <- [fun() -> zlib:deflateSetDictionary(Z, foo) end, fun() -> zlib:deflateSetDictionary(I, "x") end, fun() -> zlib:inflateSetDictionary(I, "x") end,
        fun() -> zlib:inflateSetDictionary(Z, "x") end, fun() -> zlib:inflateGetDictionary(I) end, fun() -> zlib:inflateGetDictionary(Z) end]].

inflating_by_piece() ->
    D = data(50000),
    I = zlib:open(), ok = zlib:inflateInit(I),
    P = zlib:compress(D),
    R = safe(I, zlib:safeInflate(I, P), []),
    {R =:= D, zlib:inflateEnd(I), zlib:close(I)}.

safe(I, {continue, O}, Acc) -> safe(I, zlib:safeInflate(I, []), [Acc, O]);
safe(_, {finished, O}, Acc) -> iolist_to_binary([Acc, O]);
safe(_, Other, _) -> Other.

inflating_safely() ->
    Dict = <<"dictionary">>,
    Z = zlib:open(), ok = zlib:deflateInit(Z), _ = zlib:deflateSetDictionary(Z, Dict), P = zlib:deflate(Z, "a dictionary", finish),
    I = zlib:open(), ok = zlib:inflateInit(I),
    R = zlib:safeInflate(I, P),
    ok = zlib:inflateSetDictionary(I, Dict),
    {R, iolist_to_binary(element(2, zlib:safeInflate(I, []))), err(fun() -> zlib:safeInflate(I, foo) end), err(fun() -> zlib:safeInflate(Z, "") end)}.

reset_and_end() ->
    Z = zlib:open(), ok = zlib:deflateInit(Z),
    _ = zlib:deflate(Z, "lost"),
    A = zlib:deflateReset(Z),
    P = zlib:deflate(Z, "kept", finish),
    B = [err(fun() -> zlib:deflateEnd(Z) end), err(fun() -> zlib:deflateEnd(Z) end), err(fun() -> zlib:deflate(Z, "x") end), err(fun() -> zlib:deflateReset(Z) end)],
    I = zlib:open(), ok = zlib:inflateInit(I),
    C = [zlib:inflateReset(I), iolist_to_binary(zlib:inflate(I, P)), zlib:inflateReset(I), iolist_to_binary(zlib:inflate(I, P)), zlib:inflateEnd(I), err(fun() -> zlib:inflateEnd(I) end), err(fun() -> zlib:inflate(I, P) end)],
    ok = zlib:deflateInit(Z), _ = zlib:deflate(Z, "unfinished"),
    {A, B, C, err(fun() -> zlib:deflateEnd(Z) end)}.

concatenated() ->
    P = iolist_to_binary([zlib:compress("one"), zlib:compress("two")]),
    [begin
        I = zlib:open(), ok = zlib:inflateInit(I, 15, End),
        R = err(fun() -> iolist_to_binary(zlib:inflate(I, P)) end),
        S = err(fun() -> iolist_to_binary(zlib:inflate(I, zlib:compress("three"))) end),
        zlib:close(I),
        {End, R, S}
    end || End <- [cut, reset, error]] ++ [err(fun() -> zlib:gunzip(iolist_to_binary([zlib:gzip("one"), zlib:gzip("two")])) end), err(fun() -> zlib:uncompress(P) end)].

corrupt() ->
    P = zlib:compress(data(100)),
    <<A:10/binary, B, C/binary>> = P,
    [err(fun() -> zlib:uncompress(X) end) || X <- [<<>>, <<1>>, <<"nothing of it">>, binary:part(P, 0, 20), <<A/binary, (B bxor 16#55), C/binary>>]] ++
    [err(fun() -> zlib:gunzip(X) end) || X <- [<<>>, P, <<31, 139, 8>>]] ++ [err(fun() -> zlib:unzip(X) end) || X <- [<<>>, <<255, 255, 255>>]].

params() ->
    Z = zlib:open(), ok = zlib:deflateInit(Z, none),
    A = zlib:deflate(Z, data(1000)),
    R = [zlib:deflateParams(Z, best_compression, default), err(fun() -> zlib:deflateParams(Z, foo, default) end), err(fun() -> zlib:deflateParams(Z, 5, foo) end), err(fun() -> zlib:deflateParams(Z, 20, default) end)],
    B = zlib:deflate(Z, data(1000), finish),
    {R, zlib:uncompress(iolist_to_binary([A, B])) =:= iolist_to_binary([data(1000), data(1000)]), zlib:deflateEnd(Z)}.

sums() ->
    {erlang:crc32("abc"), erlang:crc32(1, "abc"), erlang:crc32_combine(erlang:crc32("abc"), erlang:crc32("def"), 3) =:= erlang:crc32("abcdef"), erlang:adler32("abc"), erlang:adler32(1, "abc"),
     erlang:adler32_combine(erlang:adler32("abc"), erlang:adler32("def"), 3) =:= erlang:adler32("abcdef"), erlang:crc32(data(100000)), erlang:adler32(data(100000)), [err(fun() -> erlang:crc32(id(X)) end) || X <- [foo, [foo], <<1:3>>]]}.

closed() ->
    Z = zlib:open(), ok = zlib:deflateInit(Z), ok = zlib:close(Z),
    [err(F) || F <- [fun() -> zlib:close(Z) end, fun() -> zlib:deflate(Z, "x") end, fun() -> zlib:deflateInit(Z) end, fun() -> zlib:inflateInit(Z) end, fun() -> zlib:deflateEnd(Z) end, fun() -> zlib:close(make_ref()) end, fun() -> zlib:close(id(foo)) end,
        fun() -> zlib:set_controlling_process(Z, self()) end]].

not_owner() ->
    Z = zlib:open(), ok = zlib:deflateInit(Z),
    R = conformance:in_process(fun() -> [err(F) || F <- [fun() -> zlib:deflate(Z, "x") end, fun() -> zlib:close(Z) end, fun() -> zlib:deflateReset(Z) end, fun() -> zlib:set_controlling_process(Z, self()) end]] end),
    {R, zlib:close(Z)}.

new_owner() ->
    Self = self(),
    {Pid, Ref} = spawn_monitor(fun() -> receive {stream, Z} -> Self ! {done, iolist_to_binary(zlib:deflate(Z, "abc", finish))} end end),
    Z = zlib:open(), ok = zlib:deflateInit(Z),
    ok = zlib:set_controlling_process(Z, Pid),
    Mine = err(fun() -> zlib:deflate(Z, "x") end),
    Pid ! {stream, Z},
    P = receive {done, X} -> X end,
    receive {'DOWN', Ref, process, Pid, _} -> ok end,
    {Mine, zlib:uncompress(P), err(fun() -> zlib:deflate(Z, "x") end), err(fun() -> zlib:set_controlling_process(zlib:open(), foo) end)}.

%% A stream whose owner is gone serves nobody.
owner_gone() ->
    Self = self(),
    {Pid, Ref} = spawn_monitor(fun() -> Z = zlib:open(), ok = zlib:inflateInit(Z), Self ! {stream, Z} end),
    Z = receive {stream, X} -> X end,
    receive {'DOWN', Ref, process, Pid, _} -> ok end,
    {err(fun() -> zlib:inflate(Z, "x") end), err(fun() -> zlib:close(Z) end)}.

set_twice() ->
    Z = zlib:open(), ok = zlib:deflateInit(Z),
    A = [err(fun() -> zlib:deflateInit(Z) end), err(fun() -> zlib:inflateInit(Z) end), err(fun() -> zlib:inflate(Z, "x") end), err(fun() -> zlib:inflateReset(Z) end), err(fun() -> zlib:inflateEnd(Z) end)],
    _ = zlib:deflate(Z, "", finish),
    ok = zlib:deflateEnd(Z),
    {A, zlib:inflateInit(Z), zlib:close(Z)}.

bad_input() ->
    Z = zlib:open(), ok = zlib:deflateInit(Z),
    [err(fun() -> zlib:deflate(Z, X) end) || X <- [foo, [foo], [256], <<1:3>>, ["a" | "b"]]] ++ [err(fun() -> zlib:compress(id(foo)) end), err(fun() -> zlib:gunzip(id(foo)) end)].

chunk_sizes() ->
    Z = zlib:open(), ok = zlib:deflateInit(Z),
    R = [byte_size(iolist_to_binary(zlib:deflate(Z, binary:copy(<<"0123456789abcdef">>, N)))) > 0 || N <- [100000]],
    {R, zlib:close(Z)}.

gzip_heads() ->
    <<31, 139, 8, Flags, _/binary>> = zlib:gzip("abc"),
    I = zlib:open(), ok = zlib:inflateInit(I, 16 + 15),
    J = zlib:open(), ok = zlib:inflateInit(J, 32 + 15),
    {Flags, iolist_to_binary(zlib:inflate(I, zlib:gzip("abc"))), iolist_to_binary(zlib:inflate(J, zlib:compress("def"))), err(fun() -> zlib:inflate(I, zlib:compress("x")) end)}.

deflate_state() ->
    Z = zlib:open(),
    [err(F) || F <- [fun() -> zlib:deflate(Z, "x") end, fun() -> zlib:deflateEnd(Z) end, fun() -> zlib:deflateReset(Z) end, fun() -> zlib:deflateParams(Z, 1, default) end, fun() -> zlib:inflate(Z, "x") end, fun() -> zlib:inflateEnd(Z) end,
        fun() -> zlib:inflateReset(Z) end, fun() -> zlib:deflateSetDictionary(Z, "x") end, fun() -> zlib:inflateSetDictionary(Z, "x") end]].

raw_streams() ->
    Z = zlib:open(), ok = zlib:deflateInit(Z, default, deflated, -15, 8, default),
    Sum = zlib:deflateSetDictionary(Z, "raw"),
    P = zlib:deflate(Z, "raw raw raw", finish),
    I = zlib:open(), ok = zlib:inflateInit(I, -15),
    {Sum, zlib:inflateSetDictionary(I, "raw"), iolist_to_binary(zlib:inflate(I, P)), zlib:inflateEnd(I)}.
