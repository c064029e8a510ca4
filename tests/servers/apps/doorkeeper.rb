# Doorkeeper and its OpenID Connect part, in a Rails application of one file.
#
# There is no registration: a person makes clients by hand. Given --port and --resource it prints its
# addresses as one JSON line, and ends with its standard input.
require 'json'
require 'logger'
require 'openssl'
require 'optparse'
require 'tmpdir'

given = {}
OptionParser.new do |parser|
  parser.on('--port PORT', Integer)
  parser.on('--resource URL')
end.parse!(into: given)
ORIGIN = "http://127.0.0.1:#{given[:port]}".freeze
FOLDER = Dir.mktmpdir
at_exit { FileUtils.remove_entry(FOLDER) }
SECRET = 'a secret of two servers'.freeze
# Ours, and that of the SDK's client.
REDIRECT = 'http://127.0.0.1:48124/callback'.freeze
REDIRECTS = "#{REDIRECT}\nhttp://127.0.0.1:48123/callback".freeze
ENV['DATABASE_URL'] = "sqlite3:#{FOLDER}/db.sqlite3"
ENV['RAILS_ENV'] = 'production'

require 'rails'
require 'active_record/railtie'
require 'action_controller/railtie'
require 'action_view/railtie'
require 'doorkeeper'
require 'doorkeeper/openid_connect'

class Application < Rails::Application
  config.root = FOLDER
  config.load_defaults 6.1
  config.eager_load = false
  config.secret_key_base = 'a key of this peer alone, and long enough for it'
  config.logger = Logger.new($stderr)
  config.log_level = :warn
  config.consider_all_requests_local = false
end

Doorkeeper.configure do
  orm :active_record
  resource_owner_authenticator { User.find_by(id: session[:person]) || redirect_to("/sign-in?#{{ to: request.fullpath }.to_query}") }
  use_refresh_token
  default_scopes :openid
  optional_scopes :notes, :write
  enforce_configured_scopes
  grant_flows %w[authorization_code client_credentials]
  force_ssl_in_redirect_uri false
  access_token_expires_in 1.hour
  allow_token_introspection { |token, client, _| client && [token.application&.uid, 'resource-server'].include?(client.uid) }
end

Doorkeeper::OpenidConnect.configure do
  issuer ORIGIN
  signing_key OpenSSL::PKey::RSA.new(2048).to_pem
  subject_types_supported [:public]
  protocol { :http }
  resource_owner_from_access_token { |token| User.find_by(id: token.resource_owner_id) }
  auth_time_from_resource_owner { |_| Time.now }
  subject { |person, _| person.id }
end

Application.initialize!

ActiveRecord::Schema.verbose = false
ActiveRecord::Schema.define do
  create_table(:users) { |t| t.string :name }
  create_table :oauth_applications do |t|
    t.string :name, null: false
    t.string :uid, null: false, index: { unique: true }
    t.string :secret, null: false
    t.text :redirect_uri
    t.string :scopes, null: false, default: ''
    t.boolean :confidential, null: false, default: true
    t.timestamps null: false
  end
  create_table :oauth_access_grants do |t|
    t.references :resource_owner, null: false
    t.references :application, null: false
    t.string :token, null: false
    t.integer :expires_in, null: false
    t.text :redirect_uri, null: false
    t.datetime :created_at, null: false
    t.datetime :revoked_at
    t.string :scopes, null: false, default: ''
    t.string :code_challenge
    t.string :code_challenge_method
  end
  create_table :oauth_access_tokens do |t|
    t.references :resource_owner
    t.references :application, null: false
    t.string :token, null: false
    t.string :refresh_token
    t.integer :expires_in
    t.datetime :revoked_at
    t.datetime :created_at, null: false
    t.string :scopes
    t.string :previous_refresh_token, null: false, default: ''
  end
  create_table :oauth_openid_requests do |t|
    t.references :access_grant, null: false
    t.string :nonce, null: false
  end
end

class User < ActiveRecord::Base; end

class SignInController < ActionController::Base
  PAGE = <<~HTML.freeze
    <!doctype html><title>Sign in</title><%= form_tag '/sign-in', method: :post do %>
    <%= hidden_field_tag :to, params[:to] %><%= text_field_tag :username %><%= password_field_tag :password %>
    <%= submit_tag 'Sign in' %><% end %>
  HTML

  def show
    render inline: PAGE
  end

  def create
    person = User.find_by(name: params[:username]) if params[:password] == params[:username]
    return render(inline: PAGE) unless person

    session[:person] = person.id
    redirect_to params[:to]
  end
end

Application.routes.draw do
  use_doorkeeper
  use_doorkeeper_openid_connect
  get '/sign-in', to: 'sign_in#show'
  post '/sign-in', to: 'sign_in#create'
  root to: 'sign_in#show'
end

User.create!(name: 'ada')
[['notes-app', 'openid notes'], %w[resource-server openid]].each do |name, scopes|
  client = Doorkeeper::Application.new(name: name, redirect_uri: REDIRECTS, scopes: scopes)
  client.uid = name
  client.secret = SECRET
  client.save!
end
File.write("#{FOLDER}/secret", SECRET)

require 'puma'
server = Puma::Server.new(Application)
server.add_tcp_listener('127.0.0.1', given[:port])
server.run
addresses = {
  issuer: ORIGIN,
  introspection: "#{ORIGIN}/oauth/introspect",
  client: ['resource-server', SECRET],
  bound: false,
  # It promises no PKCE, though it does it.
  options: ['--client-id', 'notes-app', '--client-secret-file', "#{FOLDER}/secret", '--redirect-uri', REDIRECT, '--allow', 'as-pkce-absent'],
  registered: { client_id: 'notes-app', client_secret: SECRET, token_endpoint_auth_method: 'client_secret_post' }
}
puts JSON.generate(addresses)
$stdout.flush
$stdin.read
