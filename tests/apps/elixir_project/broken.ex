defmodule Broken do
  def f(x), do: y + g(x)
  def h(, do: 1
end
