-- The settings of this project. Every setting:  nano-sre config
-- The environment, .env beside this file and flags go over what stands here.

return {
  store = {
    URL_LINE
    -- A secret is better kept in .env; this says under which name.
    password = { env = "STORE_PASSWORD" },
  },

  -- What `nano-sre check` runs: everything in skills/, and these bundled skills.
  skills = {
    checkout = { options = {} },
    -- headless_probe = true,
    -- pixel_auditor = true,
    -- shopify_doctor = true,
  },

  fail_on = "fail", -- "warn": warnings make `check` end with 1 too
}
