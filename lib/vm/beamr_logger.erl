%% SPDX-License-Identifier: Apache-2.0
%% The handler of logger that gives events to the host, where they become entries of the journal, instead of writing them to a terminal.
%% What the host tells of by itself, deaths, it leaves out; of supervisors' reports it makes what was restarted, and who gave up.
-module(beamr_logger).
-export([attach/0, log/2]).

%% In a node whose output goes to the host: takes the place, and the name, of the handler that kernel has set up, when that is the usual
%% one. What a program has configured is left alone. Called at the end of each boot, so also after init:restart/0.
attach() ->
    ok = beamr_kernel:started(),
    case logger:get_handler_config(default) of
        {ok, #{module := logger_std_h, config := #{type := standard_io}} = Config} ->
            Kept = maps:with([level, filters, filter_default, formatter], Config),
            case logger:remove_handler(default) of
                ok ->
                    _ = logger:add_handler(default, ?MODULE, Kept),
                    %% Supervisors say whom they start, since that is how restarts are known.
                    _ = logger:set_module_level(supervisor, info),
                    ok;
                _ -> ok
            end;
        _ -> ok
    end.

%% A handler as logger has them: called in the process that logs.
log(#{level := error, meta := #{error_logger := #{emulator := true}}}, _) ->
    ok; % an error of a plain process, which the host tells of by itself
log(#{level := Level, msg := {report, #{label := {supervisor, Kind}, report := Report}}}, _) when is_list(Report) ->
    supervisor(Kind, Level, Report);
log(#{level := Level, msg := {report, #{label := {_, What}}}} = Event, Config) ->
    %% The host tells of each death by itself, once.
    case What =:= crash orelse What =:= terminate of
        true -> ok;
        false -> said(Level, Event, Config)
    end;
log(#{level := Level} = Event, Config) ->
    said(Level, Event, Config).

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
            beamr_kernel:tell(restart, 8, value(pid, Child, undefined), Text, Reason)
    end;
supervisor(shutdown, _, Report) ->
    Child = value(offender, Report, []),
    beamr_kernel:tell(giveup, 8, value(id, Child, undefined), <<"too many restarts">>, value(reason, Report, undefined));
supervisor(Kind, Level, Report) ->
    beamr_kernel:tell(log, level(Level), undefined, text("supervisor ~tw: ~tw", [Kind, Report]), undefined).

said(Level, Event, Config) ->
    {Formatter, Settings} =
        case Config of
            %% What a program has chosen is kept; the usual one is for terminals.
            #{formatter := {F, S}} when F =/= logger_formatter -> {F, S};
            _ -> {logger_formatter, #{single_line => true, template => [msg], max_size => 4000}}
        end,
    Text = try string:trim(Formatter:format(Event, Settings), trailing, "\n")
           catch _:_ -> text("~tw", [maps:get(msg, Event, undefined)])
           end,
    case unicode:characters_to_binary(Text) of
        Bytes when is_binary(Bytes) -> beamr_kernel:tell(log, level(Level), undefined, Bytes, undefined);
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
