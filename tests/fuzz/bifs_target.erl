%% SPDX-License-Identifier: Apache-2.0
%% What the fuzz target bifs.c runs: the first byte chooses what natives get the others. Errors are as good as values; what must never
%% be are a crash, a hang, and something else coming back than went in: that is `lost`.
-module(bifs_target).
-export([run/1]).

-define(KINDS, 13).
-define(ROUNDS, 64).

run(<<Kind, Bytes/binary>>) ->
    try one(Kind rem ?KINDS, Bytes) of
        _ -> ok
    catch
        throw:lost -> lost;
        _:_ -> ok
    end;
run(_) -> ok.

%% Unpacking: window bits of all kinds, small pieces in and out, a dictionary from the same bytes.
one(0, <<Bits, AtEnd, In, Out, Packed/binary>>) -> inflate(Bits - 64, AtEnd rem 4, In + 1, Out + 1, Packed);
%% Packing with any parameters; what comes out is what went in.
one(1, <<Level, Bits, Memory, Strategy, Flush, Dictionary, Bytes/binary>>) ->
    Z = zlib:open_nif(),
    ok = zlib:deflateInit_nif(Z, Level rem 12 - 1, 8, Bits - 48, Memory rem 11, Strategy rem 6),
    D = first(Dictionary, Bytes),
    try zlib:deflateSetDictionary_nif(Z, D) catch error:_ -> ok end,
    ok = zlib:enqueue_nif(Z, Bytes),
    _ = pack(Z, Flush rem 7, ?ROUNDS),
    _ = zlib:deflateParams_nif(Z, Level rem 10, Strategy rem 4),
    ok = zlib:deflateReset_nif(Z),
    ok = zlib:enqueue_nif(Z, [Bytes, Bytes]),
    Packed = iolist_to_binary(pack(Z, 4, ?ROUNDS)),
    zlib:close_nif(Z),
    Y = zlib:open_nif(),
    ok = zlib:inflateInit_nif(Y, case Bits - 48 of B when B > 0, B =< 15 -> 47; B -> B end, 0),
    ok = zlib:enqueue_nif(Y, Packed),
    same(<<Bytes/binary, Bytes/binary>>, iolist_to_binary(unpack(Y, D, 4096, 65536, ?ROUNDS)));
%% Frames of zstd, with and without a dictionary.
one(2, <<Window, Dictionary, Bytes/binary>>) ->
    D = first(Dictionary, Bytes),
    [try F() catch error:_ -> ok end || F <- [
        fun() -> zstd:get_frame_header_nif(Bytes) end,
        fun() -> zstd:getDictId_fromFrame_nif(Bytes) end,
        fun() -> zstd:getDictId_fromDict_nif(D) end,
        fun() -> zstd:getDictId_fromDDict_nif(zstd:create_ddict_nif(D)) end,
        fun() -> zstd:getDictId_fromCDict_nif(zstd:create_cdict_nif(D, Window rem 30 - 7)) end,
        fun() -> zstd:set_decompress_parameter_nif(zstd:init_decompress_nif(), 100, Window) end,
        fun() ->
            C = zstd:init_decompress_nif(),
            zstd:load_decompress_dictionary_nif(C, D),
            zstd_stream(C, Bytes, ?ROUNDS)
        end]],
    zstd_stream(zstd:init_decompress_nif(), Bytes, ?ROUNDS);
one(3, <<Key, Value:16/signed, Level, Pledged, Bytes/binary>>) ->
    C = zstd:init_compress_nif(),
    [try zstd:set_compress_parameter_nif(C, K, V) catch error:_ -> ok end || {K, V} <- [{100 + Key, Value}, {100, Level rem 30 - 7}, {101, 10 + Level rem 10}]],
    _ = try zstd:set_pledged_src_size_nif(C, byte_size(Bytes) + Pledged rem 2) catch error:_ -> ok end,
    Packed = zstd_pack(C, Bytes, ?ROUNDS),
    {_, Out} = zstd:decompress_stream_nif(zstd:init_decompress_nif(), iolist_to_binary(Packed), 0),
    byte_size(iolist_to_binary(Out)) >= 131072 orelse same(Bytes, iolist_to_binary(Out));
one(4, <<Options:24, Length, Bytes/binary>>) ->
    Pattern = first(Length, Bytes),
    Chosen = chosen(Options, [unicode, anchored, caseless, dollar_endonly, dotall, extended, firstline, multiline, no_auto_capture, dupnames, ungreedy,
        {newline, anycrlf}, bsr_anycrlf, no_start_optimize, ucp, never_utf]),
    {ok, Compiled} = re:compile(Pattern, Chosen),
    _ = re:inspect(Compiled, namelist),
    Subject = binary:part(Bytes, byte_size(Pattern), byte_size(Bytes) - byte_size(Pattern)),
    Limits = [{match_limit, 5000}, {match_limit_recursion, 500}, report_errors],
    [try re:run(Subject, Compiled, Limits ++ More) catch error:_ -> ok end || More <- [[], [global], [{capture, all, binary}], [{capture, all_names, list}],
        [{capture, [0, 1, 70000, foo], index}], [{offset, Options rem 9}, notempty_atstart], [notbol, noteol, {offset, byte_size(Subject)}]]];
one(5, <<From, Cut, Bytes/binary>>) ->
    Encoding = element(From rem 6 + 1, {latin1, utf8, {utf16, big}, {utf16, little}, {utf32, big}, {utf32, little}}),
    {A, B} = split_binary(Bytes, Cut rem (byte_size(Bytes) + 1)),
    unicode:characters_to_list([A | B], Encoding),
    unicode:characters_to_binary([A, [binary_to_list(B)]], Encoding),
    _ = try binary_to_existing_atom(A, utf8) catch error:_ -> ok end,
    case unicode:characters_to_list(Bytes, Encoding) of
        L when is_list(L) -> same(Bytes, unicode:characters_to_binary(unicode:characters_to_binary(L, unicode, Encoding)));
        _ -> ok
    end;
one(6, <<Options, Level, Bytes/binary>>) ->
    T = case Options rem 3 of
        0 -> binary_to_term(Bytes, [safe]);
        1 -> {X, Used} = binary_to_term(Bytes, [used, safe]), true = Used =< byte_size(Bytes) orelse throw(lost), X;
        2 -> Bytes
    end,
    Chosen = chosen(Options div 4, [compressed, {compressed, Level rem 11}, {minor_version, Level rem 4}, deterministic, local, {foo, Level}]),
    E = term_to_binary(T, Chosen),
    _ = erlang:external_size(T, Chosen),
    T =:= binary_to_term(E) orelse throw(lost),
    same(E, iolist_to_binary(term_to_iovec(T, Chosen)));
%% A specification in external form, tried on objects, a call, a table and functions.
one(7, <<Which, Bytes/binary>>) ->
    Spec = binary_to_term(Bytes, [safe]),
    Objects = [{1, a, "abc"}, {2, [1, {2}], #{a => 1}}, {Spec, 1.0}, {}, [Spec]],
    _ = try erlang:match_spec_test(element(Which rem 5 + 1, list_to_tuple(Objects)), Spec, table) catch error:_ -> ok end,
    _ = try erlang:match_spec_test([Which, Spec], Spec, trace) catch error:_ -> ok end,
    _ = try erlang:trace_pattern({?MODULE, first, 2}, Spec, [local]) catch error:_ -> ok end,
    _ = try first(Which, Bytes) catch error:_ -> ok end,
    _ = erlang:trace_pattern({?MODULE, '_', '_'}, false, [local]),
    [begin
        T = ets:new(t, [Kind, public]),
        [try ets:insert(T, O) catch error:_ -> ok end || O <- Objects],
        [try F(T) catch error:_ -> ok end || F <- [
            fun(U) -> ets:select(U, Spec) end, fun(U) -> {_, C} = ets:select(U, Spec, 1), ets:select(C) end,
            fun(U) -> ets:select_reverse(U, Spec, 2) end, fun(U) -> ets:match(U, Spec) end, fun(U) -> ets:match_object(U, Spec) end,
            fun(U) -> ets:select_count(U, Spec) end, fun(U) -> ets:select_replace(U, Spec) end, fun(U) -> ets:internal_select_delete(U, Spec) end]]
    end || Kind <- [set, ordered_set, duplicate_bag]];
%% Names of files, read only.
one(8, <<Follow, Bytes/binary>>) ->
    [try F(Bytes) catch error:_ -> ok end || F <- [
        fun(N) -> prim_file:read_info_nif(prim_file:internal_name2native(N), Follow) end,
        fun(N) -> prim_file:read_info_nif(N, Follow rem 2) end,
        fun(N) -> prim_file:read_link_nif(<<N/binary, 0>>) end,
        fun(N) -> prim_file:read_info_nif(<<N/binary, 0>>, 1) end,
        fun(N) -> prim_file:open_nif(<<N/binary, 0>>, [directory]) end,
        fun(N) -> prim_file:internal_native2name(N) end,
        fun(N) -> prim_file:internal_name2native([binary_to_list(N), [Follow * 4096 | N]]) end,
        fun(N) -> prim_file:is_translatable(N) end]];
one(9, <<Type, Size:16, Length, Bytes/binary>>) ->
    T = element(Type rem 15 + 1, {raw, 0, 1, 2, 4, asn1, cdr, sunrm, fcgi, tpkt, line, http, httph, http_bin, httph_bin}),
    packets(T, Bytes, [{packet_size, Size}, {line_length, Length}, {line_delimiter, Type}], ?ROUNDS);
one(10, <<Base, Decimals, Bytes/binary>>) ->
    [try F() catch error:_ -> ok end || F <- [
        fun() -> binary_to_integer(Bytes, Base rem 40) end,
        fun() -> list_to_integer(binary_to_list(Bytes), Base rem 40) end,
        fun() -> binary_to_float(Bytes) end,
        fun() -> list_to_pid(binary_to_list(Bytes)) end,
        fun() -> list_to_ref(binary_to_list(Bytes)) end,
        fun() -> list_to_port(binary_to_list(Bytes)) end,
        fun() -> <<F:64/float, _/binary>> = Bytes, float_to_binary(F, [{decimals, Decimals}, compact]) end,
        fun() -> <<F:64/float, _/binary>> = Bytes, float_to_list(F, [{scientific, Decimals}]) end,
        fun() -> <<F:64/float, _/binary>> = Bytes, F == binary_to_float(float_to_binary(F, [short])) orelse throw(lost) end,
        fun() -> N = binary:decode_unsigned(Bytes, little), N =:= list_to_integer(integer_to_list(N, 16), 16) orelse throw(lost) end]];
one(11, <<Length, At:16, Bytes/binary>>) ->
    Part = first(Length, Bytes),
    Rest = binary:part(Bytes, byte_size(Part), byte_size(Bytes) - byte_size(Part)),
    [try F() catch error:_ -> ok end || F <- [
        fun() -> binary:match(Rest, Part) end,
        fun() -> binary:matches(Rest, [Part, <<At>>]) end,
        fun() -> binary:matches(Rest, binary:compile_pattern([Part, <<At>>, <<At:16>>]), [{scope, {At, -Length}}]) end,
        fun() -> binary:part(Bytes, At, -Length) end,
        fun() -> binary:longest_common_prefix([Part, Rest]) end,
        fun() -> binary:at(Bytes, At) end,
        fun() -> same(Bytes, iolist_to_binary(erlang:iolist_to_iovec([binary_to_list(Part) | Rest]))) end,
        fun() -> erlang:crc32_combine(At, erlang:crc32(Part), byte_size(Rest)) end,
        fun() -> erlang:adler32_combine(At, erlang:adler32(Part), Length) end,
        fun() -> bits(At, Bytes, ?ROUNDS) end]];
one(12, <<Bytes/binary>>) ->
    B = prim_buffer:new(),
    buffer(B, Bytes, ?ROUNDS).

first(Length, Bytes) -> binary:part(Bytes, 0, min(Length, byte_size(Bytes))).

same(A, A) -> ok;
same(_, _) -> throw(lost).

chosen(_, []) -> [];
chosen(Bits, [O | Rest]) when Bits band 1 =:= 1 -> [O | chosen(Bits bsr 1, Rest)];
chosen(Bits, [_ | Rest]) -> chosen(Bits bsr 1, Rest).

inflate(Bits, AtEnd, In, Out, Packed) ->
    Z = zlib:open_nif(),
    ok = zlib:inflateInit_nif(Z, Bits, AtEnd),
    ok = zlib:enqueue_nif(Z, [Packed]),
    _ = unpack(Z, Packed, In, Out, ?ROUNDS),
    _ = zlib:inflateGetDictionary_nif(Z),
    ok = zlib:inflateReset_nif(Z),
    zlib:close_nif(Z).

unpack(_, _, _, _, 0) -> throw(enough);
unpack(Z, Dictionary, In, Out, N) ->
    case zlib:inflate_nif(Z, In, Out, 2) of
        {finished, Bytes} -> Bytes;
        {continue, Bytes} -> [Bytes | unpack(Z, Dictionary, In, Out, N - 1)];
        {need_dictionary, _, Bytes} ->
            ok = zlib:inflateSetDictionary_nif(Z, Dictionary),
            [Bytes | unpack(Z, Dictionary, In, Out, N - 1)]
    end.

pack(_, _, 0) -> throw(enough);
pack(Z, Flush, N) ->
    case zlib:deflate_nif(Z, 4096, 8192, Flush) of
        {finished, Bytes} -> Bytes;
        {continue, Bytes} -> [Bytes | pack(Z, Flush, N - 1)]
    end.

zstd_stream(_, _, 0) -> ok;
zstd_stream(C, Bytes, N) ->
    case zstd:decompress_stream_nif(C, Bytes, 0) of
        {continue, Rest, _} -> zstd_stream(C, Rest, N - 1);
        Other -> Other
    end.

zstd_pack(_, _, 0) -> throw(enough);
zstd_pack(C, Bytes, N) ->
    case zstd:compress_stream_nif(C, Bytes, 2) of
        {continue, Rest, Out} -> [Out | zstd_pack(C, Rest, N - 1)];
        {continue, Out} -> [Out | zstd_pack(C, <<>>, N - 1)];
        {_, Out} -> [Out]
    end.

packets(_, _, _, 0) -> ok;
packets(Type, Bytes, Options, N) ->
    case erlang:decode_packet(Type, Bytes, Options) of
        {ok, _, Rest} when Rest =/= Bytes -> packets(Type, Rest, Options, N - 1);
        Other -> Other
    end.

%% Fields of sizes that the bytes themselves say.
bits(_, _, 0) -> ok;
bits(At, Bits, N) ->
    case Bits of
        <<Size:5, _:Size, V:Size/signed-little, F:16/float, Rest/bits>> -> _ = <<V:Size, F:32/float>>, bits(At + 1, Rest, N - 1);
        <<C/utf8, Rest/bits>> -> same(<<C/utf8>>, unicode:characters_to_binary([C])), bits(At, Rest, N - 1);
        <<C/utf16-little, Rest/bits>> -> _ = <<C/utf32>>, bits(At, Rest, N - 1);
        <<_:3, Rest/bits>> -> bits(At, Rest, N - 1);
        _ -> ok
    end.

buffer(_, _, 0) -> ok;
buffer(B, <<Operation, Number:16, Bytes/binary>>, N) ->
    _ = try
        case Operation rem 7 of
            0 -> prim_buffer:write(B, [first(Number, Bytes), Bytes]);
            1 -> prim_buffer:copying_read(B, Number);
            2 -> prim_buffer:skip(B, Number);
            3 -> prim_buffer:peek_head(B);
            4 -> prim_buffer:find_byte_index(B, Number rem 300);
            5 -> prim_buffer:size(B);
            6 -> prim_buffer:try_lock(B), prim_buffer:unlock(B)
        end
    catch
        error:_ -> ok
    end,
    buffer(B, Bytes, N - 1);
buffer(_, _, _) -> ok.
