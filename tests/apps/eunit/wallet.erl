%% SPDX-License-Identifier: Apache-2.0
%% A module whose tests all pass; they are in wallet_tests as eunit likes it, and in the module itself.
-module(wallet).
-export([new/0, add/2, take/2, total/1]).
-include_lib("eunit/include/eunit.hrl").

new() -> #{}.
add(Coin, Wallet) when is_integer(Coin), Coin > 0 -> maps:update_with(Coin, fun(N) -> N + 1 end, 1, Wallet).
take(Coin, Wallet) ->
    case Wallet of
        #{Coin := 1} -> {ok, maps:remove(Coin, Wallet)};
        #{Coin := N} -> {ok, Wallet#{Coin := N - 1}};
        _ -> {error, {no, Coin}}
    end.
total(Wallet) -> maps:fold(fun(Coin, N, Sum) -> Coin * N + Sum end, 0, Wallet).

empty_test() -> ?assertEqual(0, total(new())).
put_test() ->
    ?assertMatch(#{5 := 2}, add(5, add(5, new()))),
    ?assertError(function_clause, add(-1, new())).
take_test_() ->
    [?_assertEqual({error, {no, 7}}, take(7, new())),
     {"takes what was put", ?_assertEqual({ok, #{}}, take(7, add(7, new())))},
     {inparallel, [?_assert(total(add(N, new())) =:= N) || N <- lists:seq(1, 5)]}].
