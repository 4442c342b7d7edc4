-- Opens a spec in Neovim with the language server and does what a user does.
local program = vim.env.DIADC
local file = vim.env.SPEC

local function fail(text)
  io.stderr:write(text .. "\n")
  vim.cmd("cquit 1")
end

local function main()
  vim.cmd("edit " .. vim.fn.fnameescape(file))
  local buffer = vim.api.nvim_get_current_buf()
  local client = vim.lsp.start_client({
    name = "diadc",
    cmd = { program, "lsp" },
    root_dir = vim.fn.fnamemodify(file, ":h"),
  })
  assert(client, "the server starts")
  vim.lsp.buf_attach_client(buffer, client)

  local function wait(what, condition)
    assert(vim.wait(60000, condition, 50), "it takes too long: " .. what)
  end
  local function ask(method, params)
    params.textDocument = { uri = vim.uri_from_bufnr(buffer) }
    local answers = vim.lsp.buf_request_sync(buffer, method, params, 60000)
    local answer = answers and answers[client]
    assert(answer and not answer.err, method .. ": " .. vim.inspect(answers))
    return answer.result
  end
  -- Line and column of the first place at which some words begin, counted from 0.
  local function place(words)
    for i, line in ipairs(vim.api.nvim_buf_get_lines(buffer, 0, -1, false)) do
      local at = line:find(words, 1, true)
      if at then
        return { line = i - 1, character = at - 1 }
      end
    end
    error("`" .. words .. "` is not there")
  end

  wait("the start", function()
    return vim.lsp.get_client_by_id(client) and vim.lsp.get_client_by_id(client).initialized
  end)

  -- Break it and mend it again.
  local row = place("net.decode(latent)").line
  vim.api.nvim_buf_set_lines(buffer, row, row + 1, false, { "        net.decode(lat)" })
  wait("the mistake", function()
    local found = vim.diagnostic.get(buffer)
    return #found == 1 and found[1].message:find("there is no `lat`", 1, true) ~= nil
  end)
  vim.api.nvim_buf_set_lines(buffer, row, row + 1, false, { "        net.decode(latent)" })
  wait("that it is right again", function()
    return #vim.diagnostic.get(buffer) == 0
  end)

  -- Hover.
  local hover = ask("textDocument/hover", { position = place("latent") })
  assert(hover.contents.value:find("[B, 8, 8, 8]", 1, true), vim.inspect(hover))

  -- Jump into the standard library, which opens as a file.
  local target = ask("textDocument/definition", { position = place("ConvAutoencoder(widths") })
  local path = vim.uri_to_fname(target.uri)
  local line = vim.fn.readfile(path)[target.range.start.line + 1]
  assert(line:find("block ConvAutoencoder", 1, true), line)

  -- Complete.
  local items = ask("textDocument/completion", { position = place("encode(image)") })
  local labels = {}
  for _, item in ipairs(items.items or items) do
    labels[item.label] = true
  end
  assert(labels.encode and labels.decode, vim.inspect(labels))

  -- Rename and lay out, by what Neovim makes of the answers.
  local encoding = vim.lsp.get_client_by_id(client).offset_encoding
  local edit = ask("textDocument/rename", { position = place("latent"), newName = "code" })
  vim.lsp.util.apply_workspace_edit(edit, encoding)
  wait("the new name", function()
    return vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1] == "        net.decode(code)"
  end)
  local edits = ask("textDocument/formatting", { options = { tabSize = 4, insertSpaces = true } })
  vim.lsp.util.apply_text_edits(edits, buffer, encoding)
  vim.cmd("write")
  vim.lsp.stop_client(client)
  wait("the end", function()
    return vim.lsp.get_client_by_id(client) == nil or vim.lsp.get_client_by_id(client).is_stopped()
  end)
end

local fine, why = pcall(main)
if not fine then
  return fail(tostring(why))
end
io.stdout:write("all is well\n")
vim.cmd("qall!")
