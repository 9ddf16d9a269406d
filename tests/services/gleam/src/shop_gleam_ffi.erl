%% SPDX-License-Identifier: Apache-2.0
%% What the Gleam half calls through @external: OTP's supervisor, gen_server and proc_lib with Gleam functions as callbacks.
-module(shop_gleam_ffi).
-behaviour(gen_server).
-behaviour(supervisor).
-export([start_server/3, call/2, start_supervisor/2, child/2, start_loop/2, loop/3, next_door_message/0, reply/3,
         count/1, enter/2, wait_for/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, start_child/1]).

%% Gleam: Result(Pid, Reason) is {ok, Pid} | {error, Reason}; Child(id, start) is {child, Id, Start}.

start_server(Name, State, Handle) ->
    gen_server:start_link({local, binary_to_atom(Name)}, ?MODULE, {server, State, Handle}, []).

call(Pid, Message) -> gen_server:call(Pid, Message).

start_supervisor(Name, Children) ->
    supervisor:start_link({local, binary_to_atom(Name)}, ?MODULE, {supervisor, Children}).

start_child(Start) -> Start().

child(Supervisor, Id) ->
    case lists:keyfind(Id, 1, supervisor:which_children(Supervisor)) of
        {_, Pid, _, _} when is_pid(Pid) -> {ok, Pid};
        _ -> {error, nil}
    end.

start_loop(Name, Loop) -> proc_lib:start_link(?MODULE, loop, [self(), binary_to_atom(Name), Loop]).

loop(Parent, Name, Loop) ->
    true = register(Name, self()),
    proc_lib:init_ack(Parent, {ok, self()}),
    Loop().

next_door_message() ->
    receive
        {enter, Name} -> {enter, Name};
        {count, From, Tag} -> {count, From, Tag};
        _ -> other
    end.

enter(Door, Name) -> Door ! {enter, Name}, nil.

count(Door) ->
    Tag = monitor(process, Door),
    Door ! {count, self(), Tag},
    receive
        {Tag, Value} -> demonitor(Tag, [flush]), Value;
        {'DOWN', Tag, process, _, Reason} -> exit(Reason)
    end.

reply(To, Tag, Value) -> To ! {Tag, Value}, nil.

wait_for(Supervisor) ->
    Ref = monitor(process, Supervisor),
    receive {'DOWN', Ref, process, _, Reason} -> exit(Reason) end.

init({server, State, Handle}) -> {ok, {State, Handle}};
init({supervisor, Children}) ->
    {ok, {#{strategy => one_for_one, intensity => 10, period => 10},
          [#{id => Id, start => {?MODULE, start_child, [Start]}} || {child, Id, Start} <- Children]}}.

handle_call(Message, _From, {State, Handle}) ->
    case Handle(Message, State) of
        {reply, Answer, New} -> {reply, Answer, {New, Handle}};
        {stop, Answer} -> {stop, normal, Answer, {State, Handle}}
    end.

handle_cast(Message, {State, Handle}) ->
    case Handle(Message, State) of
        {reply, _, New} -> {noreply, {New, Handle}};
        {stop, _} -> {stop, normal, {State, Handle}}
    end.

handle_info(_, State) -> {noreply, State}.
