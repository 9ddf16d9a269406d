%% SPDX-License-Identifier: Apache-2.0
%% Takes orders, starts a worker for each and monitors it.
-module(shop_desk).
-behaviour(gen_server).
-export([start_link/0, order/2, pay/1, deliver/1, state/1, orders/0, count/0, crash_courier/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

start_link() -> gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).
order(Item, Count) -> gen_server:call(?MODULE, {order, Item, Count}).
orders() -> gen_server:call(?MODULE, orders).
count() -> gen_server:call(?MODULE, count).
pay(Id) -> with(Id, fun shop_order:pay/1).
deliver(Id) -> with(Id, fun shop_order:deliver/1).
state(Id) -> with(Id, fun shop_order:state/1).

with(Id, Fun) ->
    case gen_server:call(?MODULE, {find, Id}) of
        {ok, Pid} -> try Fun(Pid) catch exit:_ -> gone end;
        none -> gone
    end.

%% Places, pays and sends an order whose courier has an accident: the order dies of the link.
crash_courier() ->
    shop_till:open(),
    {ok, Id} = order(apple, 1),
    ok = pay(Id),
    {ok, Pid} = gen_server:call(?MODULE, {find, Id}),
    ok = shop_order:deliver(Pid),
    case shop_order:courier(Pid) of
        Courier when is_pid(Courier) -> gen_server:cast(Courier, crash);
        none -> ok
    end.

init([]) -> {ok, #{next => 1, orders => #{}, refs => #{}, lost => 0}}.

handle_call({order, Item, Count}, _From, #{next := Id, orders := Orders, refs := Refs} = State) ->
    case shop_catalog:price(Item) of
        unknown -> {reply, {error, {unknown, Item}}, State};
        {ok, Cents} ->
            case shop_stock:take(Item, Count) of
                ok ->
                    {ok, Pid} = supervisor:start_child(shop_order_sup, [{Id, Item, Count, Cents * Count}]),
                    Ref = monitor(process, Pid),
                    {reply, {ok, Id}, State#{next := Id + 1, orders := Orders#{Id => Pid}, refs := Refs#{Ref => Id}}};
                Error -> {reply, Error, State}
            end
    end;
handle_call({find, Id}, _From, #{orders := Orders} = State) ->
    {reply, case Orders of #{Id := Pid} -> {ok, Pid}; #{} -> none end, State};
handle_call(orders, _From, #{orders := Orders} = State) -> {reply, lists:sort(maps:keys(Orders)), State};
handle_call(count, _From, #{orders := Orders, lost := Lost} = State) -> {reply, {map_size(Orders), Lost}, State}.

handle_cast(_, State) -> {noreply, State}.

handle_info({'DOWN', Ref, process, _, Reason}, #{orders := Orders, refs := Refs, lost := Lost} = State) ->
    case maps:take(Ref, Refs) of
        {Id, Rest} ->
            More = case Reason of normal -> 0; _ -> 1 end,
            {noreply, State#{orders := maps:remove(Id, Orders), refs := Rest, lost := Lost + More}};
        error -> {noreply, State}
    end;
handle_info(_, State) -> {noreply, State}.
