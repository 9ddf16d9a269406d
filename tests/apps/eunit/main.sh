# eunit: what it prints of modules whose tests pass, fail, are skipped, set up and time out.
erl -make
erl -noshell -eval 'io:format("~p~n", [eunit:test(pocket)]), init:stop().'
erl -noshell -eval 'io:format("~p~n", [eunit:test(pocket, [verbose])]), init:stop().'
erl -noshell -eval 'io:format("~p~n", [eunit:test([wallet, pocket], [verbose])]), init:stop().'
erl -noshell -eval 'case eunit:test(wallet, [{report, {eunit_surefire, [{dir, "."}]}}]) of ok -> halt(0); _ -> halt(1) end.' || echo "exit $?"
erl -noshell -eval '{ok, B} = file:read_file("TEST-wallet.xml"), io:put_chars(re:replace(B, "time=\"[0-9.]*\"", "time=", [global])), halt().'
