# A project without mix: modules that depend on one another, a protocol, a macro module, compiled by elixirc and run.
PATH=$PATH:/mnt/elixir/bin
elixirc -o ebin lib/*.ex && echo "compiled"
echo ebin/*
elixir -pa ebin -e 'Shop.main(["3 apples", "2 pears", "x", "1 quince"])'
elixir -pa ebin -S run_shop 1 2>/dev/null || echo "no such script"
erl -noshell -pa ebin -pa /mnt/elixir/lib/elixir/ebin -pa /mnt/elixir/lib/logger/ebin \
	-eval '{ok, _} = application:ensure_all_started(elixir), io:format("~p~n", ['"'Elixir.Shop.Cart'"':total(#{<<"apples">> => 2})]), halt().'
elixirc -o ebin broken.ex || echo "exit $?"
elixirc --warnings-as-errors -o ebin warn.ex || echo "exit $?"
