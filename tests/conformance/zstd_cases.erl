%% SPDX-License-Identifier: Apache-2.0
%% Since release 28. Module zstd. What is packed may differ between versions of the library; what comes out again may not.
-module(zstd_cases).
-export([round_trip/0, options/0, bad_options/0, parameters/0, streams/0, flushing/0, large/0, pieces/0, broken/0, dictionaries/0,
         bad_dictionaries/0, frames/0, closed/0, not_owner/0, resetting/0, checksums/0, pledged/0, unpack_known/0, bad_arguments/0]).
-import(conformance, [id/1, err/1]).

data(N) -> iolist_to_binary([[integer_to_list(I * I rem 977), $,] || I <- lists:seq(1, N)]).

round_trip() ->
    [begin
        P = iolist_to_binary(zstd:compress(D)),
        {byte_size(P) > 0, iolist_to_binary(zstd:decompress(P)) =:= iolist_to_binary(D)}
    end || D <- [<<>>, "", [], "a", <<"abc">>, ["x", [<<"y">>], $z], data(10), data(1000), data(100000), binary:copy(<<0>>, 1000000), [data(5) || _ <- lists:seq(1, 100)]]].

options() ->
    D = data(5000),
    [begin
        P = zstd:compress(D, O),
        {O, iolist_to_binary(zstd:decompress(P)) =:= D}
    end || O <- [#{}, #{compressionLevel => 1}, #{compressionLevel => 19}, #{compressionLevel => -5}, #{windowLog => 15}, #{strategy => fast}, #{strategy => btultra2},
        #{checksumFlag => true}, #{contentSizeFlag => false}, #{enableLongDistanceMatching => true}, #{hashLog => 10, chainLog => 10, searchLog => 3, minMatch => 4, targetLength => 100}]].

bad_options() ->
    [err(fun() -> zstd:compress("abc", O) end) || O <- [#{foo => 1}, #{compressionLevel => foo}, #{windowLog => 1000}, #{strategy => foo}, #{checksumFlag => 1}, #{windowLog => 1 bsl 40}, #{strategy => 3}]]
    ++ [err(fun() -> zstd:decompress("abc", O) end) || O <- [#{foo => 1}, #{windowLogMax => foo}, #{windowLogMax => 1000}]]
    ++ [err(fun() -> zstd:context(foo) end)].

parameters() ->
    {ok, C} = zstd:context(compress, #{compressionLevel => 7, strategy => lazy2, checksumFlag => true, windowLog => 20}),
    {ok, D} = zstd:context(decompress, #{windowLogMax => 25}),
    {[{K, err(fun() -> zstd:get_parameter(C, K) end)} || K <- [compressionLevel, strategy, windowLog, hashLog, chainLog, searchLog, minMatch, targetLength, foo, 17]],
     [err(fun() -> zstd:get_parameter(D, K) end) || K <- [windowLogMax, compressionLevel]],
     err(fun() -> zstd:get_parameter(foo, windowLog) end), err(fun() -> zstd:set_parameter(foo, a, b) end),
     zstd:set_parameter(C, strategy, default), zstd:get_parameter(C, strategy), zstd:close(C), zstd:close(D)}.

streams() ->
    {ok, C} = zstd:context(compress),
    {ok, D} = zstd:context(decompress),
    Packed = [begin {continue, O} = zstd:stream(C, [data(N)]), O end || N <- [1, 10, 100, 1000]],
    {done, Tail} = zstd:finish(C, "the end"),
    P = iolist_to_binary([Packed, Tail]),
    <<A:20/binary, B/binary>> = P,
    R = [zstd:stream(D, A), zstd:stream(D, B)],
    {done, T} = zstd:finish(D, ""),
    Out = iolist_to_binary([[X || {continue, X} <- R], T]),
    {Out =:= iolist_to_binary([data(1), data(10), data(100), data(1000), "the end"]), zstd:close(C), zstd:close(D)}.

flushing() ->
    {ok, C} = zstd:context(compress),
    {ok, D} = zstd:context(decompress),
    R = [begin
        {continue, O} = zstd:stream(C, Text),
        {continue, F} = zstd:flush(C),
        {continue, Out} = zstd:stream(D, [O, F]),
        Out
    end || Text <- ["one", "two", "three"]],
    {R, element(1, err(fun() -> zstd:flush(D) end)), zstd:close(C), zstd:close(D)}.

large() ->
    D = binary:copy(data(2000), 500),
    P = zstd:compress(D),
    Slow = zstd:compress(binary:part(D, 0, 300000), #{compressionLevel => 19}),
    {iolist_size(P) < byte_size(D) div 10, iolist_to_binary(zstd:decompress(P)) =:= D, iolist_to_binary(zstd:decompress(Slow)) =:= binary:part(D, 0, 300000)}.

%% Of a list only the first element is taken.
pieces() ->
    {ok, C} = zstd:context(compress),
    Big = [binary:copy(<<N>>, 100) || N <- lists:seq(1, 5)],
    R = zstd:stream(C, Big),
    {setelement(tuple_size(R), R, out), err(fun() -> zstd:stream(C, [foo]) end), err(fun() -> zstd:stream(C, foo) end), zstd:close(C)}.

broken() ->
    P = iolist_to_binary(zstd:compress(data(100))),
    <<A, B, Rest/binary>> = P,
    [err(fun() -> iolist_to_binary(zstd:decompress(X)) end) || X <- ["", "x", "no frame at all", binary:part(P, 0, 3), <<A, (B bxor 1), Rest/binary>>]]
    ++ [case err(fun() -> iolist_to_binary(zstd:decompress(X)) end) of {value, V} -> {value, byte_size(V) < byte_size(data(100))}; {C, R} -> {C, element(1, R)} end
        || X <- [binary:part(P, 0, byte_size(P) - 5), <<P/binary, "rubbish behind it">>]].

dict() -> binary:copy(<<"a common phrase that stands in each of the messages, with a number: ">>, 20).

dictionaries() ->
    {ok, CD} = zstd:dict(compress, dict()),
    {ok, CD9} = zstd:dict(compress, dict(), #{compressionLevel => 9}),
    {ok, DD} = zstd:dict(decompress, dict()),
    D = iolist_to_binary(["a common phrase that stands in each of the messages, with a number: ", "42"]),
    With = [iolist_to_binary(zstd:compress(D, #{dictionary => X})) || X <- [CD, CD9, dict()]],
    Plain = iolist_to_binary(zstd:compress(D)),
    {[byte_size(W) < byte_size(Plain) || W <- With], [iolist_to_binary(zstd:decompress(W, #{dictionary => X})) =:= D || W <- With, X <- [DD, dict()]],
     [zstd:get_dict_id(X) || X <- [CD, DD, dict(), hd(With)]], [case err(fun() -> iolist_to_binary(zstd:decompress(W)) end) of {value, D} -> same; _ -> other end || W <- With]}.

bad_dictionaries() ->
    {ok, CD} = zstd:dict(compress, dict()),
    [err(F) || F <- [fun() -> zstd:dict(compress, foo) end, fun() -> zstd:dict(decompress, foo) end, fun() -> zstd:dict(foo, <<"x">>) end, fun() -> zstd:dict(compress, dict(), #{compressionLevel => x}) end,
        fun() -> zstd:decompress("x", #{dictionary => CD}) end, fun() -> zstd:compress("x", #{dictionary => {cdict, make_ref()}}) end, fun() -> zstd:compress("x", #{dictionary => foo}) end,
        fun() -> zstd:get_dict_id({cdict, make_ref()}) end, fun() -> zstd:get_dict_id(foo) end, fun() -> element(1, zstd:dict(compress, <<>>)) end]].

frames() ->
    P = zstd:compress(data(100)),
    {ok, S} = zstd:context(compress),
    {continue, A} = zstd:stream(S, "abc"),
    {done, B} = zstd:finish(S, "def"),
    [zstd:get_frame_header(X) || X <- [P, [A, B], <<16#50, 16#2A, 16#4D, 16#18, 5:32/little, "hello">>]] ++ [err(fun() -> zstd:get_frame_header(X) end) || X <- [<<"nothing of it">>, foo, zstd:compress("x", #{checksumFlag => true})]].

closed() ->
    {ok, C} = zstd:context(compress),
    {ok, D} = zstd:context(decompress),
    [zstd:close(C), zstd:close(D)] ++ [err(F) || F <- [fun() -> zstd:close(C) end, fun() -> zstd:stream(C, "x") end, fun() -> zstd:stream(D, "x") end, fun() -> zstd:reset(C) end,
        fun() -> zstd:reset(D) end, fun() -> zstd:set_parameter(C, windowLog, 10) end, fun() -> zstd:compress("x", C) end, fun() -> zstd:decompress("x", D) end, fun() -> zstd:close({compress, make_ref()}) end]].

not_owner() ->
    {ok, C} = zstd:context(compress),
    R = conformance:in_process(fun() -> [err(F) || F <- [fun() -> zstd:stream(C, "x") end, fun() -> zstd:close(C) end, fun() -> zstd:reset(C) end, fun() -> zstd:get_parameter(C, windowLog) end]] end),
    {R, zstd:close(C)}.

resetting() ->
    {ok, C} = zstd:context(compress),
    {continue, _} = zstd:stream(C, "lost"),
    ok = zstd:reset(C),
    P = zstd:compress("kept", C),
    Q = zstd:compress("again", C),
    {ok, D} = zstd:context(decompress),
    {[iolist_to_binary(zstd:decompress(X, D)) || X <- [P]], [iolist_to_binary(zstd:decompress(X)) || X <- [P, Q]], zstd:reset(D)}.

checksums() ->
    P = iolist_to_binary(zstd:compress(data(100), #{checksumFlag => true})),
    Size = byte_size(P) - 1,
    <<Head:Size/binary, Last>> = P,
    {zstd:get_frame_header(P), err(fun() -> iolist_to_binary(zstd:decompress(<<Head/binary, (Last bxor 1)>>)) end)}.

pledged() ->
    {ok, C} = zstd:context(compress),
    [zstd:set_parameter(C, pledgedSrcSize, 10), err(fun() -> zstd:finish(C, "abc") end), err(fun() -> zstd:set_parameter(C, pledgedSrcSize, -1) end), err(fun() -> zstd:set_parameter(C, pledgedSrcSize, foo) end)].

%% Packed by another version of the library.
unpack_known() ->
    [err(fun() -> iolist_to_binary(zstd:decompress(X)) end) || X <- [<<40,181,47,253,32,3,25,0,0,"abc">>, <<40,181,47,253,4,0,17,0,0,"ab",0,0,0,0>>]].

bad_arguments() ->
    [err(fun() -> zstd:compress(id(X)) end) || X <- [foo, [foo], [256], 12]] ++ [err(fun() -> zstd:decompress(id(X)) end) || X <- [foo, [foo], 12]].
