--- Faults of the demo store's marketing pixels, listed by demo/faults.lua. Each is a word that
--- pixels.js acts on: `pixels`. Nothing else of the shop changes but that a fault of consent brings
--- a cookie banner.

local faults = {}

faults.pixel_missing = {
  about = "The Meta pixel is told of no AddToCart: a theme update dropped the line",
  pixels = "missing",
}

faults.pixel_without_value = {
  about = "The Meta pixel's events say neither what the goods are worth nor in which currency",
  pixels = "without_value",
}

faults.pixel_doubled = {
  about = "Meta counts every AddToCart twice: the theme sends it, and so does a forgotten custom "
    .. "pixel",
  pixels = "doubled",
}

faults.consent_ignored = {
  about = "TikTok, Klaviyo and Snap are told of visitors who refused cookies",
  pixels = "consent_ignored", banner = true,
}

return faults
