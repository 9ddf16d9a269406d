%% SPDX-License-Identifier: Apache-2.0
%% How many of each thing there are.
-module(shop_stock).
-behaviour(gen_server).
-export([start_link/0, take/2, put/2, all/0, init/1, handle_call/3, handle_cast/2, handle_info/2]).

-record(state, {items = #{} :: map(), catalog :: reference(), taken = 0 :: integer()}).

start_link() -> gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).
take(Item, Count) -> gen_server:call(?MODULE, {take, Item, Count}).
put(Item, Count) -> gen_server:call(?MODULE, {put, Item, Count}).
all() -> gen_server:call(?MODULE, all).

init([]) ->
    Ref = monitor(process, shop_catalog),
    {ok, #state{items = #{apple => 10, pear => 5, plum => 0, <<"cake">> => 1}, catalog = Ref}}.

handle_call({take, Item, Count}, _From, #state{items = Items, taken = Taken} = State) ->
    case Items of
        #{Item := Have} when Have >= Count ->
            {reply, ok, State#state{items = Items#{Item := Have - Count}, taken = Taken + Count}};
        #{Item := _} -> {reply, {error, {sold_out, Item}}, State};
        #{} -> {reply, {error, {unknown, Item}}, State}
    end;
handle_call({put, Item, Count}, _From, #state{items = Items} = State) ->
    {reply, ok, State#state{items = maps:update_with(Item, fun(N) -> N + Count end, Count, Items)}};
handle_call(all, _From, State) -> {reply, lists:sort(maps:to_list(State#state.items)), State}.

handle_cast({crash, badmatch}, State) ->
    {ok, _} = conformist(State),
    {noreply, State};
handle_cast({crash, error}, _State) -> error({stock, <<"fell from the shelf">>});
handle_cast({crash, exit}, _State) -> exit(out_of_shelves);
handle_cast({crash, throw}, _State) -> throw(towel).

handle_info({'DOWN', Ref, process, _, Reason}, #state{catalog = Ref} = State) -> {stop, {catalog_gone, Reason}, State};
handle_info(_, State) -> {noreply, State}.

conformist(#state{taken = Taken}) -> {error, {taken, Taken}}.
