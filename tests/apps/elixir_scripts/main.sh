# Scripts of Elixir over its standard library, a folder's worth in one node and the first in nodes of their own.
PATH=$PATH:/mnt/elixir/bin
for script in data.exs protocols.exs processes.exs text.exs files.exs; do
	echo "== $script"
	elixir "$script" || echo "exit $?"
done
elixir exunit.exs || echo "exit $?"
elixir -r data.exs -e 'IO.puts("done")' | tail -1
