defprotocol Shop.Priced do
  def price(thing)
end

defimpl Shop.Priced, for: BitString do
  @prices %{"apples" => 30, "pears" => 45, "plums" => 5}
  def price(what), do: Map.fetch!(@prices, what)
end

defmodule Shop.Price do
  defstruct [:cents]
  defimpl String.Chars do
    def to_string(%{cents: c}), do: :io_lib.format("~b.~2..0b", [div(c, 100), rem(c, 100)]) |> IO.iodata_to_binary()
  end
  def of(what), do: Shop.Priced.price(what)
  def show(cents), do: "#{%__MODULE__{cents: cents}} €"
end
