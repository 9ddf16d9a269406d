%% SPDX-License-Identifier: Apache-2.0
%% What maps, ets tables, binaries and a server do, held against simple models.
-module(models).
-include_lib("proper/include/proper.hrl").
-compile([nowarn_export_all, export_all]).

main() ->
    Runs = case init:get_plain_arguments() of ["long"] -> 3000; _ -> 300 end,
    [begin
         Result = proper:quickcheck(?MODULE:Property(), [{numtests, Runs}, quiet, {max_size, 40}, noshrink]),
         io:format("~s: ~p~n", [Property, Result])
     end || Property <- [prop_map, prop_map_laws, prop_ets_set, prop_ets_ordered, prop_binary, prop_bits, prop_sort, prop_term_to_binary,
                         prop_unicode, prop_integers, prop_server, prop_queue, prop_base64]],
    %% One that does not hold: what is left after shrinking.
    false = proper:quickcheck(prop_wrong(), [{numtests, 1000}, quiet]),
    io:format("shrunk to ~p~n", [proper:counterexample()]).

%% ---------------------------------------------------------------------------------------------- maps

key() -> oneof([integer(0, 20), elements([a, b, c]), float(), {integer(0, 3), integer(0, 3)}, binary(1)]).

map_call() ->
    oneof([{put, key(), integer()}, {remove, key()}, {update, key()}, {merge, list({key(), integer()})}, {take, key()}, {filter, integer(0, 3)}]).

prop_map() ->
    ?FORALL(Calls, list(map_call()),
            begin
                {Map, Model} = lists:foldl(fun(Call, {M, L}) -> {on_map(Call, M), on_list(Call, L)} end, {#{}, []}, Calls),
                lists:sort(maps:to_list(Map)) =:= lists:sort(Model) andalso
                    maps:size(Map) =:= length(Model) andalso
                    lists:all(fun({K, V}) -> map_get(K, Map) =:= V end, Model) andalso
                    lists:sort(maps:to_list(maps:from_list(lists:reverse(Model)))) =:= lists:sort(Model) andalso
                    maps:from_list(Model) =:= Map andalso
                    erlang:phash2(maps:from_list(Model)) =:= erlang:phash2(Map)
            end).

on_map({put, K, V}, M) -> M#{K => V};
on_map({remove, K}, M) -> maps:remove(K, M);
on_map({update, K}, M) -> case M of #{K := V} -> M#{K := V + 1}; _ -> M end;
on_map({merge, L}, M) -> maps:merge(M, maps:from_list(L));
on_map({take, K}, M) -> case maps:take(K, M) of {_, R} -> R; error -> M end;
on_map({filter, N}, M) -> maps:filter(fun(_, V) -> V rem 4 =/= N end, M).

on_list({put, K, V}, L) -> [{K, V} | drop(K, L)];
on_list({remove, K}, L) -> drop(K, L);
on_list({update, K}, L) -> [{K1, if K1 =:= K -> V + 1; true -> V end} || {K1, V} <- L];
on_list({merge, New}, L) -> lists:foldl(fun({K, V}, Acc) -> on_list({put, K, V}, Acc) end, L, New);
on_list({take, K}, L) -> drop(K, L);
on_list({filter, N}, L) -> [P || {_, V} = P <- L, V rem 4 =/= N].

drop(K, L) -> [P || {K1, _} = P <- L, K1 =/= K].

prop_map_laws() ->
    ?FORALL({A, B}, {map(key(), integer()), map(key(), integer())},
            maps:merge(A, B) =:= maps:fold(fun(K, V, M) -> M#{K => V} end, A, B) andalso
                maps:with(maps:keys(B), A) =:= maps:intersect_with(fun(_, V, _) -> V end, A, B) andalso
                maps:without(maps:keys(B), A) =:= subtract(A, B)).

subtract(A, B) -> maps:filter(fun(K, _) -> not is_map_key(K, B) end, A).

%% ---------------------------------------------------------------------------------------------- ets

ets_call() ->
    oneof([{insert, {key(), integer()}}, {insert_new, {key(), integer()}}, {delete, key()}, {lookup, key()}, {count, integer(0, 20)},
           {update_counter, key()}, {take, key()}, {select_delete, integer(-3, 3)}, {member, key()}, {insert_all, list({key(), integer()})}]).

prop_ets_set() -> prop_ets(set, fun(A, B) -> A =:= B end).
prop_ets_ordered() -> prop_ets(ordered_set, fun(A, B) -> A == B end).

prop_ets(Type, Same) ->
    ?FORALL(Calls, list(ets_call()),
            begin
                T = ets:new(t, [Type]),
                {Answers, {Expected, Model}} = lists:mapfoldl(
                    fun(Call, {Es, L}) -> {E, L1} = model(Call, L, Same), {ets_do(T, Call), {[E | Es], L1}} end, {[], []}, Calls),
                All = ets:tab2list(T),
                Sorted = lists:sort(Model),
                Good = Answers =:= lists:reverse(Expected) andalso
                    (if Type =:= set -> lists:sort(All); true -> All end) == Sorted andalso
                    ets:info(T, size) =:= length(Model) andalso
                    lists:sort(ets:select(T, [{{'$1', '$2'}, [{'>', '$2', 0}], ['$1']}])) == [K || {K, V} <- Sorted, V > 0] andalso
                    lists:sort(walk(T, ets:first(T))) == [K || {K, _} <- Sorted],
                ets:delete(T),
                Good
            end).

walk(_, '$end_of_table') -> [];
walk(T, K) -> [K | walk(T, ets:next(T, K))].

ets_do(T, {insert, O}) -> ets:insert(T, O);
ets_do(T, {insert_all, Os}) -> ets:insert(T, Os);
ets_do(T, {insert_new, O}) -> ets:insert_new(T, O);
ets_do(T, {delete, K}) -> ets:delete(T, K);
ets_do(T, {lookup, K}) -> ets:lookup(T, K);
ets_do(T, {count, N}) -> ets:select_count(T, [{{'_', '$1'}, [{'=:=', {'rem', '$1', 21}, N}], [true]}]);
ets_do(T, {update_counter, K}) -> ets:update_counter(T, K, 3, {K, 10});
ets_do(T, {take, K}) -> ets:take(T, K);
ets_do(T, {select_delete, N}) -> ets:select_delete(T, [{{'_', N}, [], [true]}]);
ets_do(T, {member, K}) -> ets:member(T, K).

find(K, L, Same) -> [O || {K1, _} = O <- L, Same(K, K1)].
without(K, L, Same) -> [O || {K1, _} = O <- L, not Same(K, K1)].

model({insert, {K, _} = O}, L, S) -> {true, [O | without(K, L, S)]};
model({insert_all, Os}, L, S) -> {true, lists:foldl(fun({K, _} = O, Acc) -> [O | without(K, Acc, S)] end, L, Os)};
model({insert_new, {K, _} = O}, L, S) -> case find(K, L, S) of [] -> {true, [O | L]}; _ -> {false, L} end;
model({delete, K}, L, S) -> {true, without(K, L, S)};
model({lookup, K}, L, S) -> {find(K, L, S), L};
model({count, N}, L, _) -> {length([V || {_, V} <- L, V rem 21 =:= N]), L};
model({update_counter, K}, L, S) ->
    case find(K, L, S) of
        [{K1, V}] -> {V + 3, [{K1, V + 3} | without(K, L, S)]};
        [] -> {13, [{K, 13} | L]}
    end;
model({take, K}, L, S) -> {find(K, L, S), without(K, L, S)};
model({select_delete, N}, L, _) -> {length([V || {_, V} <- L, V =:= N]), [O || {_, V} = O <- L, V =/= N]};
model({member, K}, L, S) -> {find(K, L, S) =/= [], L}.

%% ---------------------------------------------------------------------------------------------- binaries

prop_binary() ->
    ?FORALL({A, B, N}, {binary(), binary(), non_neg_integer()},
            begin
                La = binary_to_list(A), Lb = binary_to_list(B), Both = <<A/binary, B/binary>>,
                At = case byte_size(Both) of 0 -> 0; S -> N rem S end,
                <<H:At/binary, T/binary>> = Both,
                binary_to_list(Both) =:= La ++ Lb andalso
                    {binary_to_list(H), binary_to_list(T)} =:= lists:split(At, La ++ Lb) andalso
                    << <<X>> || <<X>> <= Both, X > 100 >> =:= list_to_binary([X || X <- La ++ Lb, X > 100]) andalso
                    binary:decode_unsigned(Both) =:= lists:foldl(fun(X, Sum) -> Sum * 256 + X end, 0, La ++ Lb) andalso
                    (B =:= <<>> orelse [P || {P, _} <- binary:matches(Both, B)] =:= positions(La ++ Lb, Lb, 0)) andalso
                    iolist_to_binary(binary:split(Both, <<0>>, [global])) =:= << <<X>> || <<X>> <= Both, X =/= 0 >> andalso
                    binary:longest_common_prefix([A, Both]) =:= byte_size(A) andalso
                    (A < B) =:= (La < Lb) andalso
                    binary:part(Both, At, byte_size(Both) - At) =:= T
            end).

positions(L, Sub, At) when length(L) < length(Sub) -> _ = At, [];
positions(L, Sub, At) ->
    case lists:prefix(Sub, L) of
        true -> [At | positions(lists:nthtail(length(Sub), L), Sub, At + length(Sub))];
        false -> positions(tl(L), Sub, At + 1)
    end.

prop_bits() ->
    ?FORALL(Fields, list({integer(), integer(1, 70)}),
            begin
                Bits = << <<V:S>> || {V, S} <- Fields >>,
                Model = lists:append([[(V bsr (S - 1 - I)) band 1 || I <- lists:seq(0, S - 1)] || {V, S} <- Fields]),
                [B || <<B:1>> <= Bits] =:= Model andalso
                    bit_size(Bits) =:= length(Model) andalso
                    read(Bits, Fields) andalso
                    (Fields =:= [] orelse begin <<_:1, Rest/bits>> = Bits, [B || <<B:1>> <= <<Rest/bits, 1:3>>] =:= tl(Model) ++ [0, 0, 1] end)
            end).

read(<<>>, []) -> true;
read(Bits, [{V, S} | Fields]) ->
    <<U:S, _/bits>> = Bits,
    <<I:S/signed, Rest/bits>> = Bits,
    U =:= V band ((1 bsl S) - 1) andalso (I - V) rem (1 bsl S) =:= 0 andalso read(Rest, Fields).

%% ---------------------------------------------------------------------------------------------- others

prop_sort() ->
    ?FORALL(L, list(key()),
            begin
                S = lists:sort(L),
                ordered(S) andalso length(S) =:= length(L) andalso S -- L =:= [] andalso lists:usort(L) == dedup(S) andalso
                    lists:keysort(1, [{X, N} || {X, N} <- lists:enumerate(L)]) =/= error andalso
                    gb_sets:to_list(gb_sets:from_list(L)) == lists:usort(L) andalso
                    ordsets:from_list(L) =:= lists:usort(L)
            end).

ordered([A, B | T]) -> A =< B andalso ordered([B | T]);
ordered(_) -> true.
dedup([A, B | T]) when A == B -> dedup([A | T]);
dedup([A | T]) -> [A | dedup(T)];
dedup([]) -> [].

prop_term_to_binary() ->
    ?FORALL(T, any(),
            binary_to_term(term_to_binary(T)) =:= T andalso binary_to_term(term_to_binary(T, [compressed])) =:= T andalso
                erlang:external_size(T) =:= byte_size(term_to_binary(T)) andalso parsed(io_lib:format("~w.", [T])) == T).

parsed(Text) ->
    {ok, Tokens, _} = erl_scan:string(lists:flatten(Text)),
    {ok, Term} = erl_parse:parse_term(Tokens),
    Term.

prop_unicode() ->
    ?FORALL(S, list(oneof([integer(0, 127), integer(128, 16#7FF), integer(16#800, 16#D7FF), integer(16#E000, 16#10FFFF)])),
            begin
                B = unicode:characters_to_binary(S),
                unicode:characters_to_list(B) =:= S andalso
                    unicode:characters_to_list(unicode:characters_to_binary(S, unicode, {utf16, little}), {utf16, little}) =:= S andalso
                    << <<C/utf8>> || C <- S >> =:= B andalso
                    [C || <<C/utf8>> <= B] =:= S
            end).

prop_integers() ->
    ?FORALL({A, B, S}, {resize(10, list(integer(0, 16#FFFFFFFF))), integer(), integer(0, 200)},
            begin
                N = lists:foldl(fun(X, Sum) -> (Sum bsl 32) bor X end, B, A),
                D = if B =:= 0 -> 7; true -> B end,
                (N div D) * D + N rem D =:= N andalso (N bsl S) bsr S =:= N andalso N * N - 1 =:= (N - 1) * (N + 1) andalso
                    list_to_integer(integer_to_list(N, 7), 7) =:= N andalso (N bxor D) bxor D =:= N andalso
                    binary_to_integer(integer_to_binary(N)) =:= N andalso bnot N =:= -N - 1 andalso
                    (N band D) + (N bor D) =:= N + D
            end).

prop_server() ->
    ?FORALL(Calls, list(oneof([{put, key(), integer()}, {get, key()}, crash, sum])),
            begin
                {ok, S} = gen_server:start(?MODULE, #{}, []),
                Answers = [catch_exit(fun() -> gen_server:call(S, C) end) || C <- Calls],
                (catch gen_server:stop(S)),
                Answers =:= served(Calls, #{})
            end).

catch_exit(F) -> try F() catch exit:_ -> gone end.
served([], _) -> [];
served([crash | Rest], _) -> [gone || _ <- [crash | Rest]];
served([C | Rest], M) -> {reply, A, M1} = handle_call(C, from, M), [A | served(Rest, M1)].

init(M) -> logger:set_process_metadata(#{}), logger:set_primary_config(level, none), {ok, M}.
handle_call({put, K, V}, _, M) -> {reply, ok, M#{K => V}};
handle_call({get, K}, _, M) -> {reply, maps:find(K, M), M};
handle_call(sum, _, M) -> {reply, lists:sum(maps:values(M)), M};
handle_call(crash, _, _) -> exit(crash).
handle_cast(_, M) -> {noreply, M}.

prop_queue() ->
    ?FORALL(Calls, list(oneof([{in, integer()}, {in_r, integer()}, out, out_r, reverse, {join, list(integer())}])),
            begin
                {Q, L} = lists:foldl(fun queue_do/2, {queue:new(), []}, Calls),
                queue:to_list(Q) =:= L andalso queue:len(Q) =:= length(L)
            end).

queue_do({in, X}, {Q, L}) -> {queue:in(X, Q), L ++ [X]};
queue_do({in_r, X}, {Q, L}) -> {queue:in_r(X, Q), [X | L]};
queue_do(out, {Q, []}) -> {empty, Q1} = queue:out(Q), {Q1, []};
queue_do(out, {Q, [H | T]}) -> {{value, H}, Q1} = queue:out(Q), {Q1, T};
queue_do(out_r, {Q, []}) -> {Q, []};
queue_do(out_r, {Q, L}) -> {{value, X}, Q1} = queue:out_r(Q), X = lists:last(L), {Q1, lists:droplast(L)};
queue_do(reverse, {Q, L}) -> {queue:reverse(Q), lists:reverse(L)};
queue_do({join, More}, {Q, L}) -> {queue:join(Q, queue:from_list(More)), L ++ More}.

prop_base64() ->
    ?FORALL(B, binary(),
            base64:decode(base64:encode(B)) =:= B andalso zlib:uncompress(zlib:compress(B)) =:= B andalso
                binary:decode_hex(binary:encode_hex(B)) =:= B andalso
                uri_string:percent_decode(uri_string:quote(binary:encode_hex(B))) =:= binary:encode_hex(B)).

prop_wrong() -> ?FORALL(L, list(integer()), not lists:member(42, [X + 40 || X <- L])).
