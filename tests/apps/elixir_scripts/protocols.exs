# Protocols with fallbacks and deriving, behaviours, macros, `use`, Inspect and Enumerable of one's own.
defprotocol Area do
  @fallback_to_any true
  @doc "how much it covers"
  def area(shape)
end

defmodule Square do
  @derive {Inspect, only: [:side]}
  defstruct [:side, :secret]
  defimpl Area do
    def area(%{side: s}), do: s * s
  end
end

defmodule Circle do
  defstruct [:radius]
end

defimpl Area, for: Circle do
  def area(%Circle{radius: r}), do: Float.round(3.14159 * r * r, 3)
end

defimpl Area, for: [List, Tuple] do
  def area(x), do: x |> Enum.into([]) |> length()
end

defimpl Area, for: Any do
  def area(_), do: :none
end

defmodule Countdown do
  defstruct [:from]
  defimpl Enumerable do
    def count(%{from: n}), do: {:ok, n}
    def member?(%{from: n}, x), do: {:ok, x in 1..n}
    def slice(_), do: {:error, __MODULE__}
    def reduce(_, {:halt, acc}, _), do: {:halted, acc}
    def reduce(c, {:suspend, acc}, f), do: {:suspended, acc, &reduce(c, &1, f)}
    def reduce(%{from: 0}, {:cont, acc}, _), do: {:done, acc}
    def reduce(%{from: n}, {:cont, acc}, f), do: reduce(%Countdown{from: n - 1}, f.(n, acc), f)
  end
  defimpl String.Chars do
    def to_string(%{from: n}), do: "countdown from #{n}"
  end
  defimpl Inspect do
    import Inspect.Algebra
    def inspect(%{from: n}, opts), do: concat(["#Countdown<", to_doc(n, opts), ">"])
  end
end

defmodule Greeter do
  @callback greet(String.t()) :: String.t()
  @optional_callbacks []
  defmacro __using__(opts) do
    quote do
      @behaviour Greeter
      @greeting unquote(opts[:with])
      def greet(name), do: "#{@greeting}, #{name}"
      defoverridable greet: 1
      @before_compile Greeter
    end
  end
  defmacro __before_compile__(_env), do: quote(do: def(loud(name), do: String.upcase(greet(name))))
end

defmodule Hello do
  use Greeter, with: "Hello"
end

defmodule Hi do
  use Greeter, with: "Hi"
  def greet(name), do: super(name) <> "!"
end

defmodule Unless do
  defmacro my_unless(condition, do: block) do
    quote do
      if(!unquote(condition), do: unquote(block))
    end
  end
  defmacro squares(list), do: for(x <- list, do: x * x)
  for {name, value} <- [one: 1, two: 2, three: 3] do
    def unquote(name)(), do: unquote(value)
  end
end

defmodule Clauses do
  def f(x) when is_integer(x) and x > 0, do: {:pos, x}
  def f("a" <> rest), do: {:a, rest}
  def f(%{k: v} = m) when map_size(m) == 1, do: {:map, v}
  def f([h | t]), do: {h, t}
end

defmodule Custom do
  defexception [:code]
  def message(%{code: c}), do: "code #{c}"
end

defmodule Run do
  require Unless

  def run do
Enum.each([%Square{side: 3, secret: 7}, %Circle{radius: 2}, [1, 2], {1, 2, 3}, 5, "text"], &IO.inspect(try do Area.area(&1) rescue e -> Exception.message(e) end))
IO.inspect(%Square{side: 1, secret: 2})
IO.inspect(Area.impl_for(%Square{}))
IO.inspect(Enumerable.impl_for(1))
IO.inspect({Enum.to_list(%Countdown{from: 4}), Enum.count(%Countdown{from: 9}), 3 in %Countdown{from: 2}})
IO.inspect(Enum.zip(%Countdown{from: 3}, Stream.cycle([:a, :b])))
IO.puts("#{%Countdown{from: 2}}")
IO.inspect([%Countdown{from: 2}])
IO.puts(Hello.greet("Ann") <> " " <> Hi.greet("Bob") <> " " <> Hi.loud("Cy"))
IO.inspect(Unless.my_unless(1 > 2, do: :yes))
IO.inspect(Unless.squares([1, 2, 3]))
IO.inspect({Unless.one(), Unless.two(), Unless.three()})
IO.inspect(try do Enum.map(5, & &1) rescue e -> Exception.message(e) end)
IO.inspect(try do to_string({1}) rescue e -> Exception.message(e) end)
IO.inspect(Hello.module_info(:attributes)[:behaviour])
IO.inspect(Unless.__info__(:macros))
IO.inspect(Protocol.consolidated?(Enumerable))
IO.inspect(Enum.map([1, "abc", %{k: 2}, [1, 2]], &Clauses.f/1))
try do
  Clauses.f(:none)
rescue
  e in FunctionClauseError -> IO.puts(Exception.message(e))
end
try do
  raise Custom, code: 7
rescue
  e in [Custom] -> IO.puts(Exception.format(:error, e, []))
end
  end
end

Run.run()
