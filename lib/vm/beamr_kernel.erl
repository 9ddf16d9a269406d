%% SPDX-License-Identifier: Apache-2.0
%% The first processes of a namespace: `user' answers the I/O protocol, `init' tells that there are no emulator arguments, and
%% the logger service that OTP's kernel application would have started is started when it is first asked for.
-module(beamr_kernel).
-export([start/0, init/0, start_logger/0]).
-export([output/2, started/0, logger_started/0, tell/5]).
-export([log/2]).

-nifs([output/2, started/0, logger_started/0, tell/5]).

start() ->
    process_flag(trap_exit, true),
    %% application:get_env/2,3 looks here: no application is loaded.
    ac_tab = ets:new(ac_tab, [set, public, named_table, {read_concurrency, true}]),
    register(user, self()),
    register(init, spawn_link(?MODULE, init, [])),
    started(),
    loop().

%% What module init asks of the process of that name.
init() ->
    receive
        {From, Request} when is_pid(From) ->
            From ! {init, init_request(Request)},
            init();
        {stop, {stop, Status}} when is_integer(Status) ->
            erlang:halt(Status);
        {stop, _} ->
            erlang:halt(0);
        _ ->
            init()
    end.

init_request(get_arguments) -> [];
init_request({get_argument, _}) -> error;
init_request(get_plain_arguments) -> [];
init_request(get_status) -> {started, started};
init_request(script_id) -> [];
init_request(_) -> {error, not_supported}.

loop() ->
    receive
        {io_request, From, ReplyAs, Request} when is_pid(From) ->
            From ! {io_reply, ReplyAs, request(From, Request)},
            loop();
        _ ->
            loop()
    end.

request(From, {put_chars, Encoding, Chars}) ->
    put_chars(From, Encoding, Chars);
request(From, {put_chars, Encoding, M, F, A}) ->
    try apply(M, F, A) of
        Chars -> put_chars(From, Encoding, Chars)
    catch
        _:_ -> {error, {put_chars, Encoding, {M, F, A}}}
    end;
request(From, {put_chars, Chars}) ->
    put_chars(From, latin1, Chars);
request(From, {put_chars, M, F, A}) ->
    request(From, {put_chars, latin1, M, F, A});
request(From, {requests, Requests}) ->
    requests(From, Requests, ok);
request(_, getopts) ->
    [{binary, false}, {encoding, unicode}];
request(_, {setopts, _}) ->
    {error, enotsup};
request(_, {get_geometry, _}) ->
    {error, enotsup};
request(_, Request) when element(1, Request) =:= get_line;
                         element(1, Request) =:= get_chars;
                         element(1, Request) =:= get_until;
                         element(1, Request) =:= get_password ->
    {error, enotsup};
request(_, _) ->
    {error, request}.

requests(From, [Request | Rest], ok) ->
    requests(From, Rest, request(From, Request));
requests(_, [], Result) ->
    Result;
requests(_, _, {error, _} = Error) ->
    Error;
requests(From, [Request | Rest], _) ->
    requests(From, Rest, request(From, Request)).

put_chars(From, Encoding, Chars) ->
    case unicode:characters_to_binary(Chars, Encoding, unicode) of
        Bytes when is_binary(Bytes) -> output(From, Bytes);
        _ -> {error, {put_chars, Encoding, Chars}}
    end.

start_logger() ->
    register(beamr_logger_starter, self()),
    process_flag(trap_exit, true),
    _ = logger_server:start_link(),
    %% Log events go to the host, not to a terminal; and supervisors say whom they start, since that is how restarts are known.
    catch logger_server:add_handler(beamr, ?MODULE, #{}),
    catch logger_server:remove_handler(simple),
    catch logger_server:set_module_level([supervisor], info),
    logger_started(),
    wait().

%% A handler as logger has them: called in the process that logs.
log(#{level := error, meta := #{error_logger := #{emulator := true}}}, _) ->
    ok; % an error of a plain process, which the host tells of by itself
log(#{level := Level, msg := {report, #{label := {supervisor, Kind}, report := Report}}}, _) when is_list(Report) ->
    supervisor(Kind, Level, Report);
log(#{level := Level, msg := {report, #{label := {_, What}}}} = Event, _) ->
    %% The host tells of each death by itself, once.
    case What =:= crash orelse What =:= terminate of
        true -> ok;
        false -> said(Level, Event)
    end;
log(#{level := Level} = Event, _) ->
    said(Level, Event).

supervisor(child_terminated, _, Report) ->
    Child = value(offender, Report, []),
    case value(restart_type, Child, temporary) of
        temporary -> ok;
        _ -> put({'$beamr_restart', value(id, Child, undefined)}, value(reason, Report, undefined))
    end,
    ok;
supervisor(progress, _, Report) ->
    Child = value(started, Report, []),
    Id = value(id, Child, undefined),
    case erase({'$beamr_restart', Id}) of
        undefined -> ok;
        Reason ->
            Text = text("~tw ~tw", [value(restart_type, Child, permanent), Id]),
            tell(restart, 8, value(pid, Child, undefined), Text, Reason)
    end;
supervisor(shutdown, _, Report) ->
    Child = value(offender, Report, []),
    tell(giveup, 8, value(id, Child, undefined), <<"too many restarts">>, value(reason, Report, undefined));
supervisor(Kind, Level, Report) ->
    tell(log, level(Level), undefined, text("supervisor ~tw: ~tw", [Kind, Report]), undefined).

said(Level, Event) ->
    Text = try logger_formatter:format(Event, #{single_line => true, template => [msg], max_size => 4000})
           catch _:_ -> text("~tw", [maps:get(msg, Event, undefined)])
           end,
    case unicode:characters_to_binary(Text) of
        Bytes when is_binary(Bytes) -> tell(log, level(Level), undefined, Bytes, undefined);
        _ -> ok
    end.

text(Format, Terms) ->
    case unicode:characters_to_binary(io_lib:format(Format, Terms)) of
        Bytes when is_binary(Bytes) -> Bytes;
        _ -> <<"?">>
    end.

value(Key, List, Default) when is_list(List) ->
    case lists:keyfind(Key, 1, List) of
        {_, Value} -> Value;
        _ -> Default
    end;
value(_, _, Default) -> Default.

level(emergency) -> 0;
level(alert) -> 1;
level(critical) -> 2;
level(error) -> 3;
level(warning) -> 4;
level(notice) -> 5;
level(info) -> 6;
level(_) -> 7.

%% The logger service is linked to its starter, so this one stays.
wait() ->
    receive
        {'EXIT', _, Reason} -> exit(Reason);
        _ -> wait()
    end.

output(_, _) -> erlang:nif_error(undef).
started() -> erlang:nif_error(undef).
logger_started() -> erlang:nif_error(undef).
tell(_, _, _, _, _) -> erlang:nif_error(undef).
