%% SPDX-License-Identifier: Apache-2.0
%% The first processes of a namespace: `user' answers the I/O protocol, `init' tells that there are no emulator arguments, and
%% the logger service that OTP's kernel application would have started is started when it is first asked for.
-module(beamr_kernel).
-export([start/0, init/0, start_logger/0]).
-export([output/2, started/0, logger_started/0]).

-nifs([output/2, started/0, logger_started/0]).

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
    catch logger_server:add_handler(beamr, beamr_logger, #{}),
    catch logger_server:remove_handler(simple),
    catch logger_server:add_filter(primary, {beamr, {fun beamr_logger:fold/2, []}}),
    catch logger_server:set_module_level([supervisor], info),
    logger_started(),
    wait().

%% The logger service is linked to its starter, so this one stays.
wait() ->
    receive
        {'EXIT', _, Reason} -> exit(Reason);
        _ -> wait()
    end.

output(_, _) -> erlang:nif_error(undef).
started() -> erlang:nif_error(undef).
logger_started() -> erlang:nif_error(undef).
