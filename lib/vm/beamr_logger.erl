%% SPDX-License-Identifier: Apache-2.0
%% Log events on their way to the host, where they become entries of the journal.
%%
%% Two parts. A primary filter (fold/2) hears of each event before any handler does, in the process that logs: what a behaviour says of
%% its own end it notes with that process, whose death the host tells of by itself, once; what a supervisor says of its children it tells
%% the host as restarts, with the death that caused them. It changes no event and stops none that OTP would have shown. A handler
%% (log/2) takes the place of the usual one, which writes to the terminal, and leaves out what has been told so. Handlers, filters,
%% formatters and levels that a program sets up are left alone.
-module(beamr_logger).
-export([attach/0, started/0, fold/2, log/2]).

%% In a node whose output goes to the host, at the end of each boot, so also after init:restart/0.
started() ->
    ok = beamr_kernel:started(),
    attach().

%% And in each boot as soon as application kernel runs (bif/boot_script.h). The handler takes the place, and the name, of the one that kernel
%% has set up, when that is the usual one; at the end of the boot once more, for what other applications have set up meanwhile.
attach() ->
    #{filters := Filters} = logger:get_primary_config(),
    %% First of all: others may put events into words of their own.
    _ = logger:set_primary_config(filters, [{beamr, {fun ?MODULE:fold/2, []}} | lists:keydelete(beamr, 1, Filters)]),
    %% Supervisors say whom they start, since that is how restarts are known.
    case logger:get_module_level(supervisor) of
        [] -> _ = logger:set_module_level(supervisor, info);
        _ -> ok
    end,
    case logger:get_handler_config(default) of
        {ok, #{module := logger_std_h, config := #{type := standard_io}} = Config} ->
            Kept = maps:with([level, filters, filter_default, formatter], Config),
            case logger:remove_handler(default) of
                ok -> _ = logger:add_handler(default, ?MODULE, Kept), ok;
                _ -> ok
            end;
        _ -> ok
    end.

%% ---- the filter ----

fold(#{msg := {report, #{label := {supervisor, Kind}, report := Report}}} = Event, _) when is_list(Report) ->
    try supervisor(Kind, Report) catch _:_ -> ok end,
    shown(Event);
fold(#{msg := {report, #{label := {Behaviour, terminate}} = Report}} = Event, _) ->
    case is_of_own_end(Behaviour, Event) of
        true -> try notes(Report) catch _:_ -> ok end;
        false -> ok
    end,
    ignore;
fold(_, _) ->
    ignore.

%% Only what is there because of our level for the module is stopped.
shown(#{level := Level}) ->
    #{level := Primary} = logger:get_primary_config(),
    case logger:compare_levels(Level, Primary) of
        lt ->
            case logger:get_module_level(supervisor) of
                [{supervisor, info}] -> stop;
                _ -> ignore
            end;
        _ -> ignore
    end.

%% Said by the module that ends the process, right before it does, in that process. Also in other words than the module's own.
is_of_own_end(gen_event, _) -> false; % which goes on without the handler
is_of_own_end(Behaviour, #{level := error, meta := #{pid := Pid, mfa := {Behaviour, _, _}}}) when Pid =:= self() -> true;
is_of_own_end(_, _) -> false.

notes(#{label := {_, terminate}} = Report) ->
    _ = [beamr_kernel:note(Kind, Value) || {Kind, Key} <- [{last_message, last_message}, {state, state}],
                                           {ok, Value} <- [maps:find(Key, Report)]],
    case Report of
        #{last_message := _} -> ok;
        #{queue := [Event | _]} -> beamr_kernel:note(last_message, Event); % a gen_statem's
        _ -> ok
    end,
    case Report of
        #{name := Server} when not is_atom(Server), not is_pid(Server) -> beamr_kernel:note(server, Server);
        _ -> ok
    end,
    case Report of
        #{client_info := {Pid, {Name, _}}} when Name =/= Pid -> beamr_kernel:note(client, {Pid, Name});
        #{client_info := {Pid, _}} -> beamr_kernel:note(client, Pid);
        _ -> ok
    end.

supervisor(child_terminated, Report) ->
    Child = value(offender, Report, []),
    Cause = died(value(pid, Child, undefined)),
    Reason = value(reason, Report, undefined),
    case value(restart_type, Child, temporary) of
        temporary when Cause =/= undefined ->
            tell(child, undefined, child(Child), <<"not restarted">>, Reason, Cause);
        temporary -> ok;
        _ -> put({'$beamr_restart', value(id, Child, undefined)}, {Reason, Cause})
    end,
    ok;
supervisor(start_error, Report) ->
    %% It has no pid, since there is no child.
    Reason = value(reason, Report, undefined),
    case failed(Reason, 4) of
        undefined -> ok;
        Cause -> tell(child, undefined, child(value(offender, Report, [])), <<"not started">>, Reason, Cause)
    end;
supervisor(progress, Report) ->
    Child = value(started, Report, []),
    case erase({'$beamr_restart', value(id, Child, undefined)}) of
        undefined -> ok;
        {Reason, Cause} -> tell(restart, value(pid, Child, undefined), child(Child), often(), Reason, Cause)
    end;
supervisor(shutdown, Report) ->
    Child = value(offender, Report, []),
    Id = value(id, Child, undefined),
    Cause =
        case {erase({'$beamr_restart', Id}), value(pid, Child, undefined)} of
            {{_, Known}, _} -> Known;
            {_, {restarting, Pid}} -> died(Pid);
            {_, Pid} -> died(Pid)
        end,
    Detail =
        case beamr_kernel:supervisor() of
            {Intensity, Period, _} -> text("more than ~tw restarts in ~tw s", [Intensity, Period]);
            undefined -> <<"too many restarts">>
        end,
    tell(giveup, Id, child(Child), Detail, value(reason, Report, undefined), Cause);
supervisor(_, _) ->
    ok.

%% The latest death for that reason, or for one that it is made of: what starts a child may put it into words of its own.
failed(Reason, Levels) ->
    case beamr_kernel:failed(Reason) of
        undefined when is_tuple(Reason), Levels > 0 -> failed_any(tuple_to_list(Reason), Levels - 1);
        Cause -> Cause
    end.

failed_any([Reason | Rest], Levels) ->
    case failed(Reason, Levels) of
        undefined -> failed_any(Rest, Levels);
        Cause -> Cause
    end;
failed_any([], _) -> undefined.

died(Pid) when is_pid(Pid) -> beamr_kernel:died(Pid);
died(_) -> undefined.

child(Child) ->
    text("~tw ~tw", [value(restart_type, Child, permanent), value(id, Child, undefined)]).

%% "2/3 in 5s": how many of the restarts that it may do it has done.
often() ->
    case beamr_kernel:supervisor() of
        {Intensity, Period, Restarts} ->
            Since = erlang:monotonic_time(second) - Period,
            text("~tw/~tw in ~tws", [length([T || T <- Restarts, is_integer(T), T >= Since]), Intensity, Period]);
        undefined -> undefined
    end.

tell(Kind, Other, Text, Detail, Reason, Cause) ->
    beamr_kernel:tell(Kind, 8, {Other, Text, Detail, Reason, Cause, undefined, undefined, undefined, undefined, []}).

%% ---- the handler ----

%% Called in the process that logs. When a node ends, `user' goes early, and with OTP's handler, which writes there, who says something after
%% that is not heard: they tell of each other's end.
log(Event, #{id := default} = Config) ->
    case whereis(user) of
        undefined -> ok;
        _ -> heard(Event, Config)
    end;
log(Event, Config) ->
    heard(Event, Config).

heard(#{level := Level} = Event, Config) ->
    case told(Event) of
        {other, Other, Fields} -> said(Level, Other, Fields, Config);
        yes -> ok;
        {dying, Text, Reason} -> say(dying, Level, Event, Text, Reason, []);
        no -> said(Level, Event, report_fields(maps:get(msg, Event)), Config)
    end.

%% Whether the host has been told, or tells by itself.
told(#{meta := #{error_logger := #{emulator := true}}, msg := Msg}) ->
    case Msg of
        {"Error in process" ++ _, _} -> yes;
        {"     Process:  " ++ _, _} -> yes; % max_heap_size
        {Format, _} when is_list(Format) -> no;
        _ -> yes % as somebody else has put it
    end;
told(#{msg := {_, [killed]}, meta := #{mfa := {user_drv, _, _}}}) ->
    yes; % its writer was killed before it: the node ends. Under OTP that is written through the writer, so nobody hears of it
told(#{msg := {report, #{label := {error_logger, info_msg}, format := "SIGTERM received - shutting down" ++ _}}}) ->
    yes; % the host has asked for it, and tells of the end
told(#{msg := {report, #{label := {supervisor, Kind}, report := Report}}}) when is_list(Report) ->
    Child = value(offender, Report, []),
    case Kind of
        shutdown -> yes;
        start_error ->
            case failed(value(reason, Report, undefined), 4) of
                undefined -> no;
                _ -> yes
            end;
        child_terminated ->
            case value(restart_type, Child, temporary) =/= temporary orelse died(value(pid, Child, undefined)) =/= undefined of
                true -> yes;
                false -> no
            end;
        _ -> no
    end;
told(#{msg := {report, #{label := {gen_event, terminate}, handler := Handler, name := Name} = Report}} = Event) ->
    %% Without the state and the message that OTP's words have: the host decides whether it takes these.
    Text = {"handler ~tw of gen_event ~tw crashed: ~0tp", [Handler, Name, maps:get(reason, Report, undefined)]},
    {other, Event#{msg := Text}, [{<<"BEAMR_LAST_MESSAGE">>, maps:get(last_message, Report, undefined)},
                                  {<<"BEAMR_STATE">>, maps:get(state, Report, undefined)}]};
told(#{meta := #{mfa := {Module, Function, _}}} = Event) when Module =:= gen_server, Function =:= error_info;
                                                              Module =:= gen_statem, Function =:= error_info;
                                                              Module =:= proc_lib, Function =:= crash_report ->
    case is_of_own_end(Module, Event) of
        true ->
            Reason =
                case Event of
                    #{msg := {report, #{reason := R}}} -> R;
                    #{msg := {report, #{report := [[_ | _] = Info | _]}}} -> value(error_info, Info, undefined);
                    _ -> undefined
                end,
            Who =
                case Event of
                    #{msg := {report, #{name := Name}}} -> Name;
                    _ -> self()
                end,
            {dying, text("~tw ~tw says that it ends", [Module, Who]), Reason};
        false -> no
    end;
told(_) ->
    no.

said(Level, #{msg := Msg} = Event, Fields, Config) ->
    {Formatter, Settings} =
        case Config of
            %% What a program has chosen is kept; the usual one is for terminals.
            #{formatter := {F, S}} when F =/= logger_formatter -> {F, S};
            _ -> {logger_formatter, #{single_line => false, template => [msg], max_size => 4000}}
        end,
    Text = try string:trim(Formatter:format(Event, Settings), both, " \n")
           catch _:_ -> text("~tw", [Msg])
           end,
    case unicode:characters_to_binary(Text) of
        Bytes when is_binary(Bytes) -> say(log, Level, Event, Bytes, undefined, Fields);
        _ -> ok
    end.

say(Kind, Level, #{meta := Meta}, Text, Reason, Fields) ->
    beamr_kernel:tell(Kind, level(Level),
        {undefined, Text, undefined, Reason, undefined, maps:get(pid, Meta, undefined), maps:get(mfa, Meta, undefined),
         maps:get(file, Meta, undefined), maps:get(line, Meta, undefined), meta_fields(Meta) ++ Fields}).

%% ---- fields ----

meta_fields(Meta) ->
    maps:fold(fun meta_field/3, [], Meta).

meta_field(Key, _, Fields) when Key =:= pid; Key =:= mfa; Key =:= file; Key =:= line -> Fields;
meta_field(gl, Pid, Fields) -> [{<<"BEAMR_GROUP_LEADER">>, Pid} | Fields];
meta_field(time, Time, Fields) -> [{<<"BEAMR_TIME_USEC">>, Time} | Fields];
meta_field(domain, Domain, Fields) when is_list(Domain) ->
    [{<<"BEAMR_DOMAIN">>, try text("~ts", [lists:join(".", [atom_to_list(D) || D <- Domain])]) catch _:_ -> Domain end} | Fields];
meta_field(Key, Value, Fields) ->
    [{field_name(<<"BEAMR_META_">>, Key), plain(Value)} | Fields].

%% What a structured event is made of.
report_fields({report, #{report := Inner} = Report}) when is_list(Inner); is_map(Inner) ->
    report_fields({report, maps:remove(report, Report)}) ++ report_fields({report, Inner});
report_fields({report, Report}) when is_map(Report) ->
    [{field_name(<<"BEAMR_REPORT_">>, Key), plain(Value)} || {Key, Value} <- maps:to_list(Report)];
report_fields({report, Report}) when is_list(Report) ->
    try [{field_name(<<"BEAMR_REPORT_">>, Key), plain(Value)} || {Key, Value} <- Report] catch _:_ -> [] end;
report_fields(_) ->
    [].

%% Text as it is, terms as they are written.
plain(Value) when is_list(Value) ->
    case io_lib:printable_unicode_list(lists:sublist(Value, 4000)) of
        true -> unicode:characters_to_binary(lists:sublist(Value, 4000));
        false -> Value
    end;
plain(Value) ->
    Value.

%% The journal takes A-Z, 0-9 and _, and at most 64 of them.
field_name(Prefix, Key) ->
    Text = case Key of
               _ when is_atom(Key) -> atom_to_list(Key);
               _ when is_binary(Key) -> binary_to_list(Key);
               _ -> lists:flatten(io_lib:format("~tw", [Key]))
           end,
    list_to_binary([Prefix | [letter(C) || C <- lists:sublist(Text, 64 - byte_size(Prefix))]]).

letter(C) when C >= $a, C =< $z -> C - 32;
letter(C) when C >= $A, C =< $Z; C >= $0, C =< $9 -> C;
letter(_) -> $_.

text(Format, Terms) ->
    case unicode:characters_to_binary(io_lib:format(Format, Terms, [{chars_limit, 4000}])) of
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
